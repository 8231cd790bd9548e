import io
from typing import Any

import pytest
import requests

from launcher.demo import NAMES_TRIED, Demo, StepFailedError

ADDRESSES = {name: f"http://{name}" for name in ("simulator", "tracking", "ml_model", "monitoring")}


class FakeFleet(requests.Session):
    """Loads everything, refuses searches under deleted names, and fails after the first that it accepts."""

    def __init__(self, deleted: set[str] | None) -> None:
        super().__init__()
        self._deleted = deleted
        self.asked: list[str] = []

    def post(self, url: str | bytes, data: Any = None, json: Any = None, **options: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.raw = 200, io.BytesIO(b"{}")
        if "experiment_name" in json:
            name = json["experiment_name"]
            self.asked.append(name)
            refused = self._deleted is None or name in self._deleted
            answer.status_code = 409 if refused else 201
            answer.raw = io.BytesIO(b'{"error": "deleted", "data": {"experiment_id": "1"}}')
        elif url == "http://tracking/experiments":
            answer.status_code = 500
        return answer


def names_asked(monkeypatch: pytest.MonkeyPatch, deleted: set[str] | None, status: int) -> list[str]:
    fleet = FakeFleet(deleted)
    monkeypatch.setattr("launcher.demo.local_session", lambda: fleet)
    with pytest.raises(StepFailedError, match=str(status)):
        Demo(ADDRESSES, lambda step: None).run()
    return fleet.asked


def test_the_name_of_a_deleted_experiment_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names_asked(monkeypatch, {"wine_demo", "wine_demo_2"}, 500)

    assert asked == ["wine_demo", "wine_demo_2", "wine_demo_3"]


def test_the_search_for_a_name_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(names_asked(monkeypatch, None, 409)) == NAMES_TRIED
