"""Tea, a use case that tests add to the simulator, and how they do it."""

from typing import Any

from flask.testing import FlaskClient

PATH = "/root/simulator"
TEA: dict[str, Any] = {
    "name": "tea",
    "task": "regression",
    "target": "minutes",
    "source": {"kind": "csv", "file": "tea.csv", "target_column": "minutes"},
    "features": [{"name": "heat"}, {"name": "cup", "type": "category"}],
}
CUPS = ("red", "blue", "")


def tea_csv(rows: int = 50) -> str:
    return "\n".join(["minutes,heat,cup", *(f"{row}.5,{row},{CUPS[row % 3]}" for row in range(rows))])


def add(client: FlaskClient, status: int = 200, **body: Any) -> Any:
    answer = client.post(f"{PATH}/use_cases", json=body)
    assert answer.status_code == status, answer.json
    return answer.json


def load(client: FlaskClient, set_name: str, use_case: str = "tea", status: int = 200) -> Any:
    answer = client.post(PATH, json={"set_name": set_name, "use_case": use_case})
    assert answer.status_code == status, answer.json
    return answer.json


def listed(client: FlaskClient) -> dict[str, Any]:
    return {each["name"]: each for each in client.get(f"{PATH}/use_cases").json["use_cases"]}  # type: ignore[index]
