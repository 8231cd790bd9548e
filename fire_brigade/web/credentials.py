"""How this service says that credentials are missing or wrong: as the fire brigade's own system does."""

from flask import Flask, Response

from fleet.errors import UnauthorizedError
from fleet.web.errors import render_error


class InvalidCredentialsError(UnauthorizedError):
    """The same, with the words that its clients know."""

    code = UnauthorizedError.code

    def __init__(self) -> None:
        super().__init__()
        self.error, self.message = f"{self.error}: {self.message}", self.error


def say_invalid_credentials(app: Flask) -> None:
    """Answer 401 with `"message": "Invalid credentials"`."""

    def render(_: UnauthorizedError) -> Response:
        return render_error(InvalidCredentialsError())

    app.register_error_handler(UnauthorizedError, render)
