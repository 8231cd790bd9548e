"""MLflow's scoring client, and what else its scoring server takes."""

import json
import sys
from pathlib import Path

import pandas as pd
import requests
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from mlflow.utils.proto_json_utils import dump_input_data

LIVE = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
WINE, WORDS = LIVE["wine"], LIVE["words"]


def tell(call: str, use_case: str, predictions: list[float]) -> None:
    print(json.dumps({"call": call, "use_case": use_case, "predictions": predictions}))


def invoke(call: str, use_case: str, data: str, content_type: str = "application/json") -> None:
    answer = requests.post(
        f"{LIVE['address']}/invocations?use_case={use_case}",
        data=data,
        headers={"Content-Type": content_type},
        timeout=30,
    )
    assert answer.status_code == 200, (call, answer.text)
    tell(call, use_case, answer.json()["predictions"])


wine = pd.DataFrame(WINE["data"], columns=WINE["columns"], dtype=float)
words = pd.DataFrame(WORDS["data"], columns=WORDS["columns"])
host, _, port = LIVE["address"].removeprefix("http://").partition(":")
client = ScoringServerClient(host, port)
client.wait_server_ready()
client.ping()
assert client.get_version()

for call, data in (
    ("frame", wine),
    ("array", wine.to_numpy()),
    ("records", wine.to_dict(orient="records")),
):
    tell(
        call,
        "wine",
        client.invoke(data, params={"temperature": 0.5}).get_predictions()[0].tolist(),
    )

for call, text in (
    ("split", dump_input_data(words)),
    ("records", json.dumps({"dataframe_records": words.to_dict(orient="records")})),
    ("by column", json.dumps({"inputs": words.to_dict(orient="list")})),
    ("instances", json.dumps({"instances": words.to_dict(orient="records")})),
    ("pandas", json.dumps({"dataframe_split": json.loads(words.to_json(orient="split"))})),
):
    invoke(call, "words", text)

for missing in ("", "NaN", "NA", "null"):
    text = words.assign(instances=words["instances"].astype(bool)).to_csv(index=False, na_rep=missing)
    invoke(f"CSV {missing!r}", "words", "\ufeff" + text if missing == "" else text, "Text/CSV; charset=utf-8")
