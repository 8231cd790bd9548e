"""The error tree."""

import pytest

from fleet import errors


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.FleetError, 500),
        (errors.InvalidRequestError, 400),
        (errors.NotFoundError, 404),
        (errors.ConflictError, 409),
        (errors.TooLargeError, 413),
        (errors.UnsupportedMediaTypeError, 415),
        (errors.SiblingFailedError, 502),
        (errors.UnavailableError, 503),
    ],
)
def test_each_kind_has_its_status(kind: type[errors.FleetError], status: int) -> None:
    error = kind("What is wrong", "What to do")
    assert (error.status, error.body()) == (status, {"error": "What is wrong", "message": "What to do"})


def test_what_utf_8_cannot_hold_is_quoted_as_it_was_sent() -> None:
    error = errors.InvalidRequestError("'\ud83d' is no name", "Send é")
    assert error.body() == {"error": r"'\ud83d' is no name", "message": "Send é"}
    assert str(error) == error.error


def test_a_siblings_refusal_keeps_its_status_and_body_but_not_its_request_id() -> None:
    error = errors.SiblingRefusedError(422, {"error": "No", "message": "Do", "request_id": "1", "more": 2})
    assert (error.status, error.body()) == (422, {"error": "No", "message": "Do", "more": 2})


@pytest.mark.parametrize("body", [{}, {"detail": "x"}, {"error": None}])
def test_a_siblings_refusal_in_another_form_is_still_our_form(body: dict[str, object]) -> None:
    answered = errors.SiblingRefusedError(404, body).body()
    assert isinstance(answered["error"], str)
    assert isinstance(answered["message"], str)
    assert answered["error"]
    assert answered["message"]
