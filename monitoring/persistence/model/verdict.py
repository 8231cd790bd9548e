"""A verdict on a window of production, as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class NewVerdict:
    """A verdict that is to be kept.

    reference: what the window was held against. first_id, last_id: sample_id of the window's ends; rows: of
    it, duplicates included; labelled: of them, how many have a target. figures: all that it rests on.
    deployment_id: that was judged; None once that deployment is gone. by_policy: whether a policy asked.
    """

    use_case: str
    deployment_id: int | None
    verdict: str
    sentence: str
    evidence: str
    reference: Mapping[str, Any]
    first_id: int
    last_id: int
    rows: int
    labelled: int
    figures: Mapping[str, Any]
    actor: str
    by_policy: bool = False


@dataclass(frozen=True, kw_only=True)
class KeptVerdict(NewVerdict):
    """A verdict that is kept."""

    id: int
    created_at: datetime
