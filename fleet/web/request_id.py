"""The name that a request goes by in answers, logs and everything that it sets off."""

import re
import uuid

REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


def request_id(given: str | None) -> str:
    """The id that the client gave, if it is one; otherwise a new one."""
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
