"""Ready means that requests can be answered: PostgreSQL is there, and migrated to what the code expects."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text


def test_a_migrated_database_is_ready(client: FlaskClient) -> None:
    assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("found", ["0000", "9999"])
def test_another_schema_is_named_with_what_to_do(client: FlaskClient, database_url: str, found: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE public.alembic_version SET version_num = :found"), {"found": found})
    engine.dispose()
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    body = answer.get_json()
    assert found in body["error"]
    assert "db.migrate" in body["message"]
