"""MLServer's codecs, and requests."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import requests
from mlserver.codecs import Base64Codec, NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput

LIVE = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
WINE, WORDS = LIVE["wine"], LIVE["words"]
NAMES = ("predictions", "probabilities")


def infer(call: str, use_case: str, request: InferenceRequest) -> None:
    answer = requests.post(
        f"{LIVE['address']}/v2/models/{use_case}/infer",
        data=request.model_dump_json(),
        headers={"Content-Type": "application/json; charset=utf-8"},
        timeout=30,
    )
    assert answer.status_code == 200, (call, answer.text)
    outputs = {
        output.name: output for output in InferenceResponse.model_validate_json(answer.content).outputs
    }
    said = {name: NumpyCodec.decode_output(outputs[name]).ravel().tolist() for name in NAMES}
    print(json.dumps({"call": call, "use_case": use_case, **said}))


wine = pd.DataFrame(WINE["data"], columns=WINE["columns"], dtype=float)
words = pd.DataFrame(WORDS["data"], columns=WORDS["columns"])
words["instances"] = words["instances"].astype(bool)
for column in ("inputs", "records"):
    words[column] = words[column].fillna("")  # the codec fails on a text that is missing

infer("numpy", "wine", NumpyRequestCodec.encode_request(wine.to_numpy()))
named = InferenceRequest(
    id="mine",
    inputs=[NumpyCodec.encode_input("features", wine.to_numpy())],
    outputs=[RequestOutput(name=name) for name in NAMES],
)
infer("numpy, by name", "wine", named)
infer("pandas", "wine", PandasCodec.encode_request(wine))
infer("pandas, texts", "words", PandasCodec.encode_request(words))
infer("pandas, no bytes", "words", PandasCodec.encode_request(words, use_bytes=False))

by_column = {name: words[name].to_numpy() for name in ("features", "id", "instances")}
infer(
    "each column by its codec",
    "words",
    InferenceRequest(
        inputs=[
            *(NumpyCodec.encode_input(name, np.asarray(values)) for name, values in by_column.items()),
            StringCodec.encode_input("inputs", words["inputs"].tolist()),
            Base64Codec.encode_input("records", [text.encode() for text in words["records"]]),
        ]
    ),
)
