"""What the services' apps serve, and what they say of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.accounts import basic
from tests.architecture.project import PROJECT, told

# In a process of its own: the apps start threads that import half the world, and Python cannot end
# in good order while they do.
PRINT_APP = """
import json, os, sys
from importlib import import_module
app = import_module(sys.argv[1] + ".web.app").create_app()
def checked(rule, method):
    resource = app.view_functions[rule.endpoint].view_class
    return hasattr(getattr(resource, method.lower()), "accepts")
printed = {
    "rules": [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods],
    "validated": {
        method + " " + rule.rule: checked(rule, method)
        for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}
    },
    "document": app.test_client().get("/openapi.json", headers=json.loads(sys.argv[2])).json,
}
print(json.dumps(printed), flush=True)
os._exit(0)
"""

Json = dict[str, Any]


def printed(service: str, folder: Path) -> Json:
    """Of a service's app: `rules` (method and path of each route), `validated` (whether what a route is sent
    is, by method and path) and `document` (OpenAPI). folder: for what the app writes."""
    closed = "postgresql://nobody@127.0.0.1:1/none"
    done = subprocess.run(
        [sys.executable, "-c", PRINT_APP, service, json.dumps(basic("alice"))],
        cwd=PROJECT,
        env={**os.environ, f"{service.upper()}_DATABASE_URL": closed, **told(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    answer: Json = json.loads(done.stdout.splitlines()[-1])
    return answer
