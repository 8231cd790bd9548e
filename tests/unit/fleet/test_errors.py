"""The error tree."""

import pytest

from fleet import errors


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (errors.InvalidRequestError, 400, "invalid_request"),
        (errors.NotFoundError, 404, "not_found"),
        (errors.ConflictError, 409, "conflict"),
        (errors.TooLargeError, 413, "too_large"),
        (errors.UnsupportedMediaTypeError, 415, "unsupported_media_type"),
        (errors.SiblingFailedError, 502, "sibling_failed"),
        (errors.UnavailableError, 503, "unavailable"),
    ],
)
def test_each_kind_has_its_status_and_code(kind: type[errors.FleetError], status: int, code: str) -> None:
    error = kind("What is wrong", "What to do")
    assert error.status == status
    assert error.body() == {"code": code, "error": "What is wrong", "message": "What to do"}


def test_a_kind_may_go_by_the_code_of_another() -> None:
    class SlowlyUnavailableError(errors.UnavailableError):
        code = errors.UnavailableError.code

    class MuchSlowerError(SlowlyUnavailableError):
        pass

    assert (SlowlyUnavailableError.code, MuchSlowerError.code) == ("unavailable", "much_slower")


def test_what_utf_8_cannot_hold_is_quoted_as_it_was_sent() -> None:
    error = errors.InvalidRequestError("'\ud83d' is no name", "Send é")
    assert error.body() == {**error.body(), "error": r"'\ud83d' is no name", "message": "Send é"}
    assert str(error) == error.error


def test_a_siblings_refusal_keeps_its_status_and_body_but_not_its_request_id() -> None:
    refusal = {"code": "too_hot", "error": "No", "message": "Do", "more": 2}
    error = errors.SiblingRefusedError(422, {**refusal, "request_id": "1"})
    assert (error.status, error.body()) == (422, refusal)


@pytest.mark.parametrize("body", [{}, {"detail": "x"}, {"error": None}])
def test_a_siblings_refusal_in_another_form_is_still_our_form(body: dict[str, object]) -> None:
    answered = errors.SiblingRefusedError(404, body).body()
    assert answered["code"] == "sibling_refused"
    assert isinstance(answered["error"], str)
    assert isinstance(answered["message"], str)
    assert answered["error"]
    assert answered["message"]
