"""What the documents name is there: files by their short paths, settings by their variables, operations, constants."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

from plaudit.common.cli import GROUP, build
from plaudit_testing.operations import NO_DATABASE, SERVICES, operations_of
from plaudit_testing.operations import build as build_service

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "libs/common/README.md")),
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "performance.md"),
    *sorted((ROOT / "docs" / "runbooks").glob("*.md")),
    *sorted(ROOT.glob("services/*/README.md")),
]
"""But decisions and the log of changes: they say what was."""
SHORT = {
    "common": "libs/common/src/plaudit/common",
    "plaudit/common": "libs/common/src/plaudit/common",
    "plaudit_local": "deploy/local/plaudit_local",
    **{
        name: f"services/{name.replace('_', '-')}/src/plaudit/{name}"
        for name in ("ingest", "scoring", "alerting", "feedback_board")
    },
}
STARTS = "|".join([*SHORT, "deploy", "docs", "libs", "services", "tests"])
PATH = re.compile(rf"`((?:{STARTS})/[\w./-]+)`")
TABLE = re.compile(r"CREATE TABLE ingest\.([a-z_]+)")
OPERATION = re.compile(r"`([A-Z]+ /v1/[^`?]+)")
HOOKS = {"POST /v1/hooks/{}", "POST /v1/hooks/{}/{}"}
"""Answered before the framework, which knows no such routes."""
PARAMETER = re.compile(r"\{[^}]*\}")
OF_ROOM = re.compile(r"`([a-z_]+)/([\w./-]+\.(?:py|yaml|html|sql))`")
CONSTANT = re.compile(r"`(?!PLAUDIT_)([A-Z][A-Z]+_[A-Z_]+|[A-Z]{5,})`")
VARIABLE = re.compile(r"\bPLAUDIT_[A-Z_]+\b")
OF_TESTS = {"PLAUDIT_OUTSIDE_SUITES", "PLAUDIT_SCREENSHOTS", "PLAUDIT_SHARED", "PLAUDIT_TEST_SERVERS"}


def _file(name: str) -> Path:
    """The file or folder of a short path."""
    for short, folder in SHORT.items():
        if name.startswith(f"{short}/"):
            return ROOT / folder / name.removeprefix(f"{short}/")
    return ROOT / name


def _commands() -> Iterator[Any]:
    """Every command of `plaudit`, however deep it lies."""
    waiting: list[Any] = [typer.main.get_command(build(list(entry_points(group=GROUP))))]
    while waiting:
        command = waiting.pop()
        yield command
        waiting.extend(getattr(command, "commands", {}).values())


@cache
def _operations() -> set[str]:
    """Every operation of the product, as `GET /v1/clocks/{}`."""
    built = [(service.name, build_service(service, NO_DATABASE)[0]) for service in SERVICES]
    served = [each for name, app in built for each in operations_of(name, app)]
    return {f"{each.method} {PARAMETER.sub('{}', each.path)}" for each in served}


@cache
def _source() -> str:
    """The text of all modules of the product."""
    folders = [ROOT / folder for folder in SHORT.values()]
    return "".join(path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.rglob("*.py")))


def _names(envvar: str | Sequence[str] | None) -> Sequence[str]:
    return [envvar] if isinstance(envvar, str) else envvar or []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    named = PATH.findall(document.read_text(encoding="utf-8"))
    assert [name for name in named if not _file(name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_that_a_document_names_is_one(document: Path) -> None:
    fields = {f"PLAUDIT_{field.upper()}" for service in SERVICES for field in service.settings.model_fields}
    of_commands = {name for command in _commands() for parameter in command.params for name in _names(parameter.envvar)}
    door = set(VARIABLE.findall((ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")))
    containers = set(VARIABLE.findall((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    named = set(VARIABLE.findall(document.read_text(encoding="utf-8")))
    assert named - fields - of_commands - door - containers - OF_TESTS == set()


@pytest.mark.parametrize("service", [each.name for each in SERVICES])
def test_every_file_of_a_room_that_the_readme_of_its_service_names_is_there(service: str) -> None:
    folder = ROOT / "services" / service
    package = ROOT / SHORT[service.replace("-", "_")]
    rooms = {path.name for path in package.iterdir() if path.is_dir()}
    named = OF_ROOM.findall((folder / "README.md").read_text(encoding="utf-8"))
    files = [f"{room}/{name}" for room, name in named if room in rooms]
    assert [each for each in files if not (package / each).exists() and not (folder / "tests" / each).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_operation_that_a_document_names_is_one(document: Path) -> None:
    named = {PARAMETER.sub("{}", name.strip()) for name in OPERATION.findall(document.read_text(encoding="utf-8"))}
    known = _operations() | HOOKS
    whole = {name for name in named if "…" not in name and not any(each.startswith(f"{name}/") for each in known)}
    assert whole - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_constant_that_a_document_names_is_in_the_file_beside_it_or_in_any(document: Path) -> None:
    missing = []
    for line in document.read_text(encoding="utf-8").splitlines():
        beside = [_file(name) for name in PATH.findall(line) if name.endswith(".py")]
        source = "".join(path.read_text(encoding="utf-8") for path in beside) if beside else _source()
        missing += [name for name in CONSTANT.findall(line) if not re.search(rf"\b{name}\b", source)]
    assert missing == []


def test_the_readme_of_ingest_names_every_room_table_and_operation() -> None:
    text = (ROOT / "services" / "ingest" / "README.md").read_text(encoding="utf-8")
    package = ROOT / SHORT["ingest"]
    rooms = {path.parent.name for path in package.glob("*/__init__.py")} - {"migrations"}
    migrations = package.glob("migrations/versions/*.py")
    tables = {name for path in migrations for name in TABLE.findall(path.read_text(encoding="utf-8"))}
    served = operations_of("ingest", build_service(SERVICES[0], NO_DATABASE)[0])
    operations = {f"{each.method} {PARAMETER.sub('{}', each.path)}" for each in served if each.path.startswith("/v1/")}
    assert [room for room in sorted(rooms) if f"| `{room}/` |" not in text] == []
    assert [table for table in sorted(tables) if f"`{table}`" not in text] == []
    assert operations - {PARAMETER.sub("{}", name) for name in OPERATION.findall(text)} == set()


def test_the_list_of_documents_is_whole() -> None:
    assert len(DOCUMENTS) > 8
    assert sum(len(PATH.findall(document.read_text(encoding="utf-8"))) for document in DOCUMENTS) > 30
