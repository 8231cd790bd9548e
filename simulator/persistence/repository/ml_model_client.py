"""What the simulator asks of ml_model."""

from collections.abc import Mapping, Sequence
from typing import Any

from fleet.caller import Caller
from fleet.sibling import Sibling, busy_as_away


class MlModelClient:
    """ml_model, reached over HTTP."""

    def __init__(self, sibling: Sibling) -> None:
        self._sibling = sibling

    def predict(
        self,
        use_case: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        key: str,
        *,
        caller: Caller,
    ) -> int | None:
        """Have rows answered; returns the sample_index of the first, which the others follow.

        It is None where they are not stored. key: rows with the same one are answered by the same model.
        Raises as Sibling.post does; SiblingAwayError also where it has too much to do.
        """
        body = {"use_case": use_case, "columns": columns, "data": rows, "routing_key": key}
        numbers = self._post("/predict", body, caller)["sample_index"]
        return int(numbers[0]) if numbers else None

    def tell(self, use_case: str, truths: Mapping[int, float], *, caller: Caller) -> int:
        """Tell the truth about samples; returns how many of them there are not, or not yet.

        Raises as `predict` does.
        """
        body = {"use_case": use_case, "sample_index": [*truths], "target": [*truths.values()]}
        return int(self._post("/feedback", body, caller)["unknown"])

    def _post(self, path: str, body: dict[str, Any], caller: Caller) -> dict[str, Any]:
        with busy_as_away():
            return self._sibling.post(path, body, caller=caller)
