"""What monitoring is sent."""

from typing import Annotated, Literal

from pydantic import AfterValidator, StrictBool

from fleet.web.validation import RequestModel, UseCaseName
from monitoring.service.group_names import GROUP_NAMES


def _known_and_wanted(tests: dict[str, bool]) -> dict[str, bool]:
    choices = ", ".join(GROUP_NAMES)
    unknown = [name for name in tests if name not in GROUP_NAMES]
    if unknown:
        raise ValueError(
            f"no group of checks is called {', '.join(map(repr, unknown))}; choose from {choices}"
        )
    if not any(tests.values()):
        raise ValueError(f"no group of checks is true; set at least one of {choices}, or leave 'tests' out")
    return tests


class JudgeRequest(RequestModel):
    """`POST /root/monitoring`. tests: which groups of checks are wanted; all of them if it is absent."""

    metric: Literal["report", "tests", "summary"]
    tests: Annotated[dict[str, StrictBool], AfterValidator(_known_and_wanted)] | None = None
    retrain: bool = False
    use_case: UseCaseName = "wine"

    def groups(self) -> list[str] | None:
        """Names of the wanted groups, in their own order; None for all."""
        if self.tests is None:
            return None
        return [name for name in GROUP_NAMES if self.tests.get(name)]
