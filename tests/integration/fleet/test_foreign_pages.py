"""Pages of other sites cannot use a reader's browser to change anything."""

import pytest

from tests.accounts import PASSWORDS, basic
from tests.integration.fleet.test_access import PATH, make


@pytest.mark.parametrize(
    ("sent_by", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_page_of_another_site_changes_nothing(sent_by: str, status: int) -> None:
    open_to_this_host = make(users=(), api_keys=()).test_client()
    answer = open_to_this_host.post(PATH, json={"leaf": "green"}, headers={"Sec-Fetch-Site": sent_by})
    assert answer.status_code == status
    assert open_to_this_host.get(PATH, headers={"Sec-Fetch-Site": sent_by}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "http://fleet.example:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://fleet.example"}, 200),
        ({"Origin": "http://known.only.to.the.proxy", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_where_browsers_tell_the_origin_only_a_password_is_of_no_use_to_another_sites_page(
    headers: dict[str, str], status: int
) -> None:
    client = make().test_client()
    remembered = {"Host": "fleet.example", **basic("alice", PASSWORDS["alice"])}
    answer = client.post(PATH, json={"leaf": "green"}, headers={**remembered, **headers})
    assert answer.status_code == status
    assert client.get(PATH, headers={**remembered, **headers}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example:5001", 403),
        ("evil.example.", 403),
        ("127.0.0.1:5001", 200),
        ("[::1]:5001", 200),
        ("localhost:5001", 200),
        ("ml_model:5001", 200),
    ],
)
def test_while_nobody_is_asked_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    address = {"base_url": f"http://{host}"}
    assert make(users=(), api_keys=()).test_client().get(PATH, **address).status_code == status
    assert make(users=(), api_keys=(), auth="off").test_client().get(PATH, **address).status_code == 200
    assert make().test_client().get(PATH, headers=basic("alice"), **address).status_code == 200
