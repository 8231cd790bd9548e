"""What a failure of `requests` says about the request: that it was never sent, or that it may have been done.

What is raised while a request is prepared, for a header or a body that cannot be written, is neither: that is
the caller's own error.
"""

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

TRANSPORT_FAILURES = (
    requests.Timeout,
    requests.ConnectionError,
    requests.TooManyRedirects,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.RetryError,
)
"""What is raised on the way to the other side or back."""


def was_never_sent(error: BaseException) -> bool:
    """Whether there was no connection to send it on."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
