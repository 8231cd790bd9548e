"""A look of the app at a request's headers, before its body is read: whether anything of them is refused."""

from flask import Flask, request

HEADERS_ALONE = "mlfleet.headers_alone"  # in the WSGI environment: whether this is such a look


class LetIn(BaseException):  # no error; and no handler of errors may make an answer of it
    """The app refuses nothing: there is no answer before the body is there."""


def stop_before_the_body(app: Flask) -> None:
    """Have the app, where it is shown headers alone, refuse what has no route, or raise LetIn.

    To be called when what looks at headers only has been added to the app's `before_request`.
    """

    def stop() -> None:
        if request.environ.get(HEADERS_ALONE):
            raise request.routing_exception or LetIn

    app.before_request(stop)
