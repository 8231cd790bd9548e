"""The Python of the documents, as it stands there, against a running stack."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest

import client
from launcher.loops import end_loop
from tests.e2e.conftest import PROJECT, Stack

pytestmark = pytest.mark.e2e

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "client/README.md"])
def test_the_python_of_the_documents_works(
    stack: Stack, page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses: dict[str, Any] = {name: stack.address(name) for name in client.ADDRESSES}
    monkeypatch.setattr(client, "Fleet", functools.partial(client.Fleet, **addresses))
    names: dict[str, Any] = {}  # a later block goes on with what an earlier one has made
    for program in BLOCK.findall(Path(PROJECT / page).read_text(encoding="utf-8")):
        exec(compile(program, page, "exec"), names)  # noqa: S102  # it is our own
    assert capsys.readouterr().out.strip()
    end_loop(stack.fleet, "wine")
