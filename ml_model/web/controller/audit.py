"""`/root/ml/audit`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.validation import accepts
from ml_model.service.audit_trail import AuditTrail
from ml_model.web.schema import AuditAnswer, AuditQuery


class Audit(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read who did what."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    @answers(AuditAnswer, errors=[503])
    @accepts(role="admin", query=AuditQuery)
    def get(self, query: AuditQuery) -> dict[str, Any]:
        """List what was done on every service of the fleet, the newest first."""
        page = self._trail.page(query.page, use_case=query.use_case)
        answer = AuditAnswer(events=page.items, next_page_token=page.next_token)
        return answer.model_dump(mode="json")
