"""monitoring's policies: when a use case is judged, what follows, and who is told."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

from client.answers import KeptPolicy, PolicyRemoved, Told
from client.connection import Connection


class PolicyFields(TypedDict, total=False):
    """What a policy says; what is left out has its default.

    schedule: "rows", as soon as a window is full, or a cron expression. window_rows: production rows that are
    judged together. truth_wait: seconds that a full window waits for its truth. cool_down: seconds between
    two loops. webhook: {"url", "secret", "form"}; of the same URL without a secret it keeps the one that it
    had. watch_rows: labelled rows after which a promoted model is kept.
    """

    enabled: bool
    schedule: str
    window_rows: int
    truth_wait: float
    evidence: Literal["auto", "harm", "drift", "either"]
    action: Literal["notify", "retrain", "retrain_and_promote"]
    cool_down: float
    webhook: Mapping[str, Any] | None
    search: Mapping[str, Any]
    gate: Mapping[str, Any]
    watch_rows: int


class Policies:
    """use_case: whose policy is meant; the service's default is wine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def policy(self, *, use_case: str | None = None) -> KeptPolicy:
        """What the loop may do for a use case. Raises NotFoundError if it has no policy."""
        return self._connection.get(KeptPolicy, "/policy", use_case=use_case)

    def set_policy(self, *, use_case: str | None = None, **fields: Unpack[PolicyFields]) -> KeptPolicy:
        """Puts a policy in the place of the one that there is. Raises InvalidError."""
        return self._connection.put(KeptPolicy, "/policy", use_case=use_case, **fields)

    def remove_policy(self, *, use_case: str | None = None) -> PolicyRemoved:
        """Nothing is judged by itself any more. Raises NotFoundError if the use case has no policy."""
        return self._connection.delete(PolicyRemoved, "/policy", use_case=use_case)

    def test_webhook(self, *, use_case: str | None = None) -> Told:
        """Sends a test to the policy's webhook, once. Raises RefusedError with the reason if it fails."""
        return self._connection.post(Told, "/policy/test", use_case=use_case)
