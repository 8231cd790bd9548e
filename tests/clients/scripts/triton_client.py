"""tritonclient: tensors as JSON and as bytes, compressed and not."""

import json
import sys
from pathlib import Path

import numpy as np
from tritonclient import http

LIVE = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
WINE, WORDS = LIVE["wine"], LIVE["words"]
NAMES = ("predictions", "probabilities")


def tell(call: str, use_case: str, answer: http.InferResult) -> None:
    said = {name: answer.as_numpy(name).tolist() for name in NAMES}
    print(json.dumps({"call": call, "use_case": use_case, **said}))


def wine_input(*, binary: bool) -> list[http.InferInput]:
    rows = np.array(WINE["data"], dtype=np.float64)
    tensor = http.InferInput("features", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return [tensor]


def words_inputs(*, binary: bool) -> list[http.InferInput]:
    number, colour, grade, whole, flag = zip(*WORDS["data"], strict=True)
    columns = [
        ("features", "FP64", np.array(number, dtype=np.float64)),
        ("inputs", "BYTES", np.array([text or "" for text in colour], dtype=object)),
        ("records", "BYTES", np.array([text or "" for text in grade], dtype=object)),
        ("id", "INT64", np.array(whole, dtype=np.int64)),
        ("instances", "BOOL", np.array(flag, dtype=bool)),
    ]
    tensors = []
    for name, datatype, values in columns:
        tensors.append(http.InferInput(name, [len(values), 1], datatype))
        tensors[-1].set_data_from_numpy(values.reshape(-1, 1), binary_data=binary)
    return tensors


client = http.InferenceServerClient(LIVE["address"].removeprefix("http://"))
assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready("words")
assert client.get_model_metadata("wine", str(LIVE["version"]))["name"] == "wine"
assert client.get_server_metadata()["name"]

for compression in (None, "gzip", "deflate"):
    for binary in (True, False):
        for outputs in (
            None,
            [http.InferRequestedOutput(name) for name in NAMES],
            [http.InferRequestedOutput(name, binary_data=False) for name in NAMES],
        ):
            answer = client.infer(
                "wine",
                wine_input(binary=binary),
                outputs=outputs,
                request_id="mine",
                sequence_id=7,
                sequence_start=True,
                priority=1,
                timeout=10_000_000,
                parameters={"colour": "red"},
                request_compression_algorithm=compression,
                response_compression_algorithm=compression,
            )
            assert answer.get_response()["id"] == "mine"
            tell(f"wine {compression} {binary} {outputs}", "wine", answer)

for binary in (True, False):
    tell(f"words {binary}", "words", client.infer("words", words_inputs(binary=binary)))

ranked = client.infer(
    "wine", wine_input(binary=True), outputs=[http.InferRequestedOutput("probabilities", class_count=2)]
).as_numpy("probabilities")
assert ranked.shape == (len(WINE["data"]), 2)
best = [int(text.decode().split(":")[1]) for text in ranked[:, 0]]
assert best == [max(range(3), key=row.__getitem__) for row in WINE["probabilities"]]
client.close()
