"""KServe's InferenceRESTClient."""

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import InferResponse, RequestedOutput

LIVE = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
WINE, WORDS = LIVE["wine"], LIVE["words"]
ADDRESS = LIVE["address"]
NAMES = ("predictions", "probabilities")


def tell(call: str, use_case: str, response: InferResponse) -> None:
    said = {name: response.get_output_by_name(name).as_numpy().ravel().tolist() for name in NAMES}
    print(json.dumps({"call": call, "use_case": use_case, **said}))


def wine_inputs(*, binary: bool) -> list[InferInput]:
    rows = np.array(WINE["data"], dtype=np.float64)
    tensor = InferInput("features", list(rows.shape), "FP64", parameters={"unit": "none"})
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return [tensor]


def words_inputs() -> list[InferInput]:
    number, colour, grade, whole, flag = (list(column) for column in zip(*WORDS["data"], strict=True))
    count = len(WORDS["data"])
    return [
        InferInput("features", [count], "FP64", number),
        InferInput("inputs", [count], "BYTES", colour),
        InferInput("records", [count], "BYTES", grade),
        InferInput("id", [count], "INT64", whole),
        InferInput("instances", [count], "BOOL", [bool(each) for each in flag]),
    ]


async def main() -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=1))
    assert await client.is_server_live(ADDRESS)
    assert await client.is_server_ready(ADDRESS)
    assert await client.is_model_ready(ADDRESS, "wine")
    for binary in (True, False):
        for outputs in (None, [RequestedOutput(name) for name in NAMES]):
            request = InferRequest(
                model_name="wine",
                infer_inputs=wine_inputs(binary=binary),
                request_outputs=outputs,
                parameters={"binary_data_output": binary, "colour": "red"},
            )
            tell(f"wine {binary} {outputs}", "wine", await client.infer(ADDRESS, request, model_name="wine"))
    rows = [[cell if cell is None else float(cell) for cell in row] for row in WINE["data"]]
    nested = InferInput("features", [len(rows), 13], "FP32", rows)
    request = InferRequest(model_name="wine", request_id="mine", infer_inputs=[nested])
    response = await client.infer(ADDRESS, request, model_name="wine")
    assert response.id == "mine"
    tell("wine as lists", "wine", response)
    as_dict = {"inputs": [{"name": "features", "shape": [len(rows), 13], "datatype": "FP64", "data": rows}]}
    tell("wine as a dict", "wine", await client.infer(ADDRESS, as_dict, model_name="wine"))
    request = InferRequest(model_name="words", infer_inputs=words_inputs())
    tell("words", "words", await client.infer(ADDRESS, request, model_name="words"))
    await client.close()


asyncio.run(main())
