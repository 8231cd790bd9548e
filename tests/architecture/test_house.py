"""Every service is laid out alike, and its settings are documented."""

import ast
import re
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from fleet.settings import ServiceSettings
from tests.architecture.project import PROJECT, modules, services, settings_of

FILES = (
    "README.md",
    "requirements.txt",
    "__main__.py",
    "config/settings.py",
    "web/app.py",
    "web/schema.py",
)
FOLDERS = ("persistence/repository", "persistence/model", "service", "web/controller")
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| (?:`(.*?)`)? ?\| (.+) \|$", re.MULTILINE)
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40
WIRED = ("create_app", "create_services")  # lists of what is wired
MADE = PROJECT / "client" / "answers.py"  # by a program: nobody reads it from end to end
# What a migration may import: Alembic, SQLAlchemy and Python's own.
FOREIGN = re.compile(
    rf"^(from|import) (alembic|procrastinate|sqlalchemy|{'|'.join(sys.stdlib_module_names)})\b"
)

every_service = pytest.mark.parametrize("service", services(), ids=lambda path: path.name)


def default_text(default: object) -> str:
    """A default as the table shows it; secrets, files of ours and what must be given show none."""
    if default in (PydanticUndefined, ()) or default is None or isinstance(default, SecretStr | Path):
        return ""
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


@every_service
def test_a_service_has_every_part(service: Path) -> None:
    assert [name for name in FILES if not (service / name).is_file()] == []
    assert [name for name in FOLDERS if not list((service / name).glob("[a-z]*.py"))] == []


@every_service
def test_every_setting_says_what_it_is(service: Path) -> None:
    fields = settings_of(service).model_fields
    assert len(fields) >= len(ServiceSettings.model_fields)
    for name, field in fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@every_service
def test_the_readme_lists_every_setting_and_no_other(service: Path) -> None:
    fields = settings_of(service).model_fields
    expected = {name.upper(): default_text(field.default) for name, field in fields.items()}
    table = "\n".join(
        f"| `{name.upper()}` | {f'`{expected[name.upper()]}`' if expected[name.upper()] else ''} "
        f"| {field.description} |"
        for name, field in fields.items()
    )
    readme = (service / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("\n## Settings\n")
    listed = {name: default or "" for name, default, _ in ROW.findall(section)}
    assert listed == expected, f"{service.name}/README.md needs below `## Settings`:\n{table}"


def test_every_setting_is_read() -> None:
    read = {
        node.attr
        for path in modules("fleet", "db", *(service.name for service in services()))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    told = {name for service in services() for name in settings_of(service).model_fields}
    # Two of the guide's, which its readers know; and the file that pydantic reads the others from.
    assert told - read == {"fichier_calendrier", "fichier_vehicle", "settings_file"}


def test_only_settings_read_the_environment() -> None:
    readers = {
        path.relative_to(PROJECT).as_posix()
        for path in modules("fleet", "db", "client", *(service.name for service in services()))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.environb", "os.getenv")
    }
    # The others write: prometheus-client, and OpenBLAS before it is imported, can be told in no other way.
    figures = "fire_brigade/persistence/repository/figures.py"
    assert readers == {"fleet/settings.py", "fleet/web/shared_counters.py", "db/jobs/worker.py", figures}


def test_no_test_waits_for_another_program_without_end() -> None:
    """Of requests the linter sees to it (S113)."""
    endless = [
        f"{path.relative_to(PROJECT).as_posix()}:{node.lineno}"
        for path in modules("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and re.search(r"^subprocess\.(run|call|check_\w+)$|\.communicate$", ast.unparse(node.func))
        and "timeout" not in {argument.arg for argument in node.keywords}
    ]
    assert endless == []


def test_migrations_carry_their_own_sql() -> None:
    """What they import of ours would change under databases that were migrated long ago."""
    files = modules("db/migrations/versions")
    borrowed = {
        f"{path.name}: {ast.unparse(node)}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom) and not FOREIGN.search(ast.unparse(node))
    }
    assert borrowed == set()
    assert len(files) >= 6


def test_no_module_is_too_long() -> None:
    roots = ["fleet", "db", "client", "launcher", "tests", *(service.name for service in services())]
    lengths = {
        path.relative_to(PROJECT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(*roots)
        if path != MADE
    }
    assert len(lengths) > 200
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_too_long() -> None:
    roots = ["fleet", "db", "client", "launcher", *(service.name for service in services())]
    lengths = {
        f"{path.relative_to(PROJECT).as_posix()}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in modules(*roots)
        if path.parent.name != "versions"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name not in WIRED
    }
    assert len(lengths) > 1000
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_every_public_module_class_and_function_is_described() -> None:
    roots = ["fleet", "db", "client", *(service.name for service in services())]
    silent = []
    for path in modules(*roots):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and ast.get_docstring(tree) is None:
            silent.append(path.relative_to(PROJECT).as_posix())
        silent += [
            f"{path.relative_to(PROJECT).as_posix()}: {node.name}"
            for node in tree.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            and not node.name.startswith("_")
            and path.parent.name != "versions"
            and ast.get_docstring(node) is None
        ]
    assert silent == []
