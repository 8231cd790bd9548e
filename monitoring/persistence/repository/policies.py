"""Where policies are kept."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.loop import PolicyRow
from fleet.errors import ConflictError
from monitoring.persistence.model.policy import Policy


@dataclass(frozen=True)
class KeptPolicy:
    """A policy and how far it has judged. The webhook has its secret."""

    use_case: str
    policy: Policy
    judged_until: int
    judged_at: datetime | None
    changed_at: datetime
    actor: str


class UnreadablePolicyError(ConflictError):
    """Another version has written the policy: another can be put in its place, and it can be removed."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"The policy of '{use_case}' cannot be read: another version of monitoring has written it",
            "Nothing follows from it. PUT /root/monitoring/policy replaces it, DELETE removes it",
        )


class PolicyRepository:
    """`policies`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, use_case: str, *, hold: bool = False) -> KeptPolicy | None:
        """hold: nobody changes it, or judges by it, until the transaction ends.

        Raises UnreadablePolicyError.
        """
        query = select(PolicyRow).where(PolicyRow.use_case == use_case)
        if hold:  # as it is now, whatever was read before
            query = query.with_for_update().execution_options(populate_existing=True)
        row = self._session.scalars(query).one_or_none()
        return None if row is None else _kept(row)

    def names(self) -> list[str]:
        """Use cases that have one. None of them is read: what is wrong with one hinders no other."""
        return list(self._session.scalars(select(PolicyRow.use_case).order_by(PolicyRow.use_case)))

    def put(self, use_case: str, policy: Policy, *, judged_until: int, actor: str) -> None:
        """Put it in the place of another. judged_until: rows up to there are not judged any more."""
        secret = None if policy.webhook is None else policy.webhook.secret
        until = func.greatest(PolicyRow.judged_until, judged_until)
        values = {
            "policy": policy.model_dump(mode="json", exclude={"webhook": {"secret"}}),
            "secret": None if secret is None else secret.get_secret_value(),
            "actor": actor,
        }
        statement = insert(PolicyRow).values(use_case=use_case, judged_until=judged_until, **values)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[PolicyRow.use_case],
                set_={**values, "judged_until": until, "changed_at": func.now()},
            )
        )

    def remove(self, use_case: str) -> bool:
        """Nothing follows from it any more; False if there was none."""
        removed = self._session.execute(delete(PolicyRow).where(PolicyRow.use_case == use_case))
        return removed.rowcount == 1  # type: ignore[attr-defined, no-any-return]

    def judged(self, use_case: str, until: int) -> None:
        """Write down that everything up to this sample_id has been judged."""
        self._session.execute(
            update(PolicyRow)
            .where(PolicyRow.use_case == use_case)
            .values(
                judged_until=func.greatest(PolicyRow.judged_until, until), judged_at=func.clock_timestamp()
            )
        )


def _kept(row: PolicyRow) -> KeptPolicy:
    policy = dict(row.policy)
    if policy.get("webhook"):
        policy["webhook"] = {**policy["webhook"], "secret": row.secret}
    try:
        read = Policy.model_validate(policy)
    except ValidationError as error:
        raise UnreadablePolicyError(row.use_case) from error
    return KeptPolicy(
        use_case=row.use_case,
        policy=read,
        judged_until=row.judged_until,
        judged_at=row.judged_at,
        changed_at=row.changed_at,
        actor=row.actor,
    )
