"""`/openapi.json` and `/docs`, which every service has without doing anything for it."""

import re
from typing import Annotated, Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from flask_restful import Resource
from pydantic import Field

from fleet.settings import ServiceSettings
from fleet.web.answers import AnswerModel, answers
from fleet.web.app import Route, add_routes, make_app
from fleet.web.validation import Id, RequestModel, accepts

PAGE = "http://fleet.example/some/where/docs"
LINK = re.compile(r'(?:href|src)="([^"]+)"')


class Tea(RequestModel):
    """A request."""

    leaf: str
    cup: Id = "1"
    grams: Annotated[float, Field(ge=0)] | None = None


class Filter(RequestModel):
    """Query arguments."""

    limit: Annotated[int, Field(ge=1)] = 10
    cup: Id


class TeaAnswer(AnswerModel):
    """A cup of tea."""

    cup: str


class Brewing(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Makes tea."""

    @answers(TeaAnswer, status=201, errors=[409])
    @answers(TeaAnswer)
    @accepts(role="user", body=Tea, form=True)
    def post(self, body: Tea, number: int) -> dict[str, Any]:
        """Brew a cup.

        It takes a while.
        """
        return {"cup": body.cup}

    @answers(TeaAnswer)
    @accepts(role="user", query=Filter)
    def get(self, query: Filter, number: int) -> dict[str, Any]:
        return {"cup": query.cup}


@pytest.fixture
def client() -> FlaskClient:
    app = make_app("tea", ServiceSettings(port=5999, service_url="/tea"))
    add_routes(
        app,
        [Route(Brewing, ["/cup/<int:number>"])],
        prefixes=["/root/tea", "/root/infusion"],
        ready=lambda: None,
    )
    return app.test_client()


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/openapi.json").json


def test_an_alias_is_not_documented_again(document: Any) -> None:
    own = {path for path in document["paths"] if path.startswith("/root")}
    assert own == {"/root/tea/cup/{number}"}


def test_all_statuses_of_a_method_are_documented(document: Any) -> None:
    responses = document["paths"]["/root/tea/cup/{number}"]["post"]["responses"]
    assert {"200", "201", "400", "409", "413", "415", "429", "500"} <= set(responses)
    assert "404" not in responses
    assert set(responses["429"]["headers"]) == {"X-Request-ID", "Retry-After"}


def test_the_docstrings_say_what_a_method_does(document: Any) -> None:
    path = document["paths"]["/root/tea/cup/{number}"]
    assert (path["post"]["summary"], path["post"]["description"]) == ("Brew a cup", "It takes a while.")
    assert path["get"]["summary"] == "Makes tea"


def test_arguments_are_parameters_with_all_that_is_asked_of_them(document: Any) -> None:
    given = document["paths"]["/root/tea/cup/{number}"]["get"]["parameters"]
    parameters = {parameter["name"]: parameter for parameter in given if "name" in parameter}
    assert parameters["number"]["in"] == "path"
    assert parameters["limit"]["schema"]["minimum"] == 1
    assert not parameters["limit"]["required"]
    assert parameters["cup"]["required"]


def test_texts_of_requests_are_documented_to_be_without_nul(document: Any) -> None:
    leaf = document["components"]["schemas"]["Tea"]["properties"]["leaf"]
    assert not re.fullmatch(leaf["pattern"], "a\0b")
    assert re.fullmatch(leaf["pattern"], "a\nb")


def test_a_form_has_no_null(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert {"type": "null"} in schemas["Tea"]["properties"]["grams"]["anyOf"]
    assert schemas["TeaForm"]["properties"]["grams"]["type"] == "number"


def test_addresses_are_relative_to_the_document(document: Any) -> None:
    assert document["servers"] == [{"url": "."}]


def test_the_page_and_all_it_loads_come_from_the_service_behind_any_path(client: FlaskClient) -> None:
    page = client.get("/docs")
    links = LINK.findall(page.text)
    with client.get("/docs/page.js") as file:
        script = file.get_data(as_text=True)
    document = re.search(r'url: "([^"]+)"', script)
    assert len(links) >= 4
    assert document
    for link in (*links, document.group(1)):
        address = urljoin(PAGE, link)
        assert address.startswith("http://fleet.example/some/where/")
        with client.get(address.removeprefix("http://fleet.example/some/where")) as answer:
            assert answer.status_code == 200, link
            assert answer.data


def test_the_page_runs_nothing_that_is_written_into_it(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.mimetype == "text/html"
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script>|<style>|style=|onload=", page.text)


@pytest.mark.parametrize("name", ["nothing.js", "../docs.py", "%2e%2e/docs.py", "../../settings.py"])
def test_nothing_but_the_pages_files_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"), [({"grams": 1}, 200), ({"grams": "1"}, 400), ({"grams": True}, 400)]
)
def test_json_is_read_by_its_types(client: FlaskClient, body: dict[str, Any], status: int) -> None:
    response = client.post("/root/tea/cup/1", json={"leaf": "green", **body})
    assert response.status_code == status
