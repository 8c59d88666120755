"""Rules of the house that import contracts cannot say."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"ingest": "ingest", "scoring": "scoring", "alerting": "alerting", "feedback-board": "feedback_board"}

SERVICE_FILES = {"__init__", "main", "settings", "metrics", "log_fields", "migrations", "py"}
"""At the root of a service, beside its rooms; `py` is of py.typed."""
FURNITURE = {
    *("domain", "tables", "store", "commands", "api", "schemas", "pages", "templates", "consumer", "jobs", "events"),
    *("cli", "__init__"),
}
"""Of a room: files, or folders of these names."""
PLATFORMS = "platforms"
PLATFORM_FILES = {"__init__.py", "adapter.py", "answers.py", "interface.py", "doc.md", "fixtures"}
NEEDED_OF_PLATFORMS = {"adapter.py", "doc.md", "fixtures"}
SHARED_BY_PLATFORMS = {"proofs"}
"""Folders beside those of the platforms."""
TEST_FOLDERS = FURNITURE | {"fixtures"}
CACHES = {"__pycache__"}

PURE = (
    *("contracts", "mailbox", "person_keys", "standard_webhooks", "strict_json", "text", "idempotency.domain"),
    *(
        "csv_cells",
        "delivery.domain",
        "mail.look",
        "names",
        "numerals",
        "rate_limits.domain",
        "refusals",
        "row_numbers",
    ),
    *("statistics", "time_zones"),
)
"""What a domain may import of plaudit.common."""
PURE_IN_COMMON = ("settings",)
"""What a domain of plaudit.common itself may import as well."""
IMPURE_LIBRARIES = {
    *("aiokafka", "aiosmtplib", "alembic", "asyncio", "asyncpg", "fastapi", "httpx", "jinja2", "prometheus_client"),
    *("socket", "sqlalchemy", "starlette", "structlog", "typer", "uvicorn"),
}
FORBIDDEN_WORDS = {
    *("promise", "promises", "promised", "wish", "wishes", "wished", "lane", "lanes", "away", "horizon", "horizons"),
    *("forget", "forgetting", "forgotten", "who", "housekeeper"),
}
"""Words that are not in docs/glossary.md, which has another one for each thing."""
CLOCKS = ("datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "date.today")
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", re.MULTILINE)
EVENT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}

COMMON = ROOT / "libs" / "common" / "src" / "plaudit" / "common"
COMMON_FEATURES = sorted(path.parent for path in COMMON.glob("*/store.py"))
SOURCES = sorted(path for base in ("libs", "services") for path in (ROOT / base).glob("*/src/**/*.py"))
TESTS = sorted(
    path
    for pattern in ("libs/*/tests/**/*.py", "services/*/tests/**/*.py", "tests/**/*.py", "deploy/local/**/*.py")
    for path in ROOT.glob(pattern)
)


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _package(service: str) -> Path:
    return ROOT / "services" / service / "src" / "plaudit" / PACKAGES[service]


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in CACHES) if folder.is_dir() else []


def _rooms(service: str) -> list[Path]:
    return [path for path in _entries(_package(service)) if path.is_dir() and path.stem not in SERVICE_FILES]


def _parts(*names: str) -> list[Path]:
    """The files of all features, of services or common, that are called so, or are in folders that are."""
    return [
        path
        for path in SOURCES
        if ("services" in path.parts or path.parent in COMMON_FEATURES)
        and any(part in names for part in path.with_suffix("").relative_to(ROOT).parts)
    ]


def _calls(path: Path) -> Iterator[tuple[int, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, node


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _identifiers(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield line, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield line, name
            case ast.keyword(arg=str(name)) | ast.alias(asname=str(name)):
                yield line, name


def _words(identifier: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


# Rooms.


@pytest.mark.parametrize("service", PACKAGES)
def test_at_the_root_of_a_service_are_its_own_files_and_its_rooms_only(service: str) -> None:
    files = [path for path in _entries(_package(service)) if path.is_file()]
    assert [_relative(path) for path in files if path.stem not in SERVICE_FILES] == []
    assert _rooms(service), "a service has rooms"
    assert list((_package(service) / "migrations" / "versions").glob("0001_*.py"))


@pytest.mark.parametrize("service", PACKAGES)
def test_every_room_has_the_same_furniture(service: str) -> None:
    rooms = [room for room in _rooms(service) if room.name != PLATFORMS]
    assert [_relative(path) for room in rooms for path in _entries(room) if path.stem not in FURNITURE] == []


@pytest.mark.parametrize("service", PACKAGES)
def test_every_platform_is_an_adapter_a_page_and_fixtures(service: str) -> None:
    folders = [path for path in _entries(_package(service) / PLATFORMS) if path.is_dir()]
    for folder in (folder for folder in folders if folder.name not in SHARED_BY_PLATFORMS):
        files = {path.name for path in _entries(folder)}
        assert files <= PLATFORM_FILES, _relative(folder)
        assert files >= NEEDED_OF_PLATFORMS, _relative(folder)


@pytest.mark.parametrize("service", PACKAGES)
def test_the_tests_of_a_service_mirror_its_rooms(service: str) -> None:
    rooms = {room.name for room in _rooms(service)}
    folders = [path for path in _entries(ROOT / "services" / service / "tests") if path.is_dir()]
    assert [_relative(path) for path in folders if path.name not in rooms] == []
    for folder in (folder for folder in folders if folder.name != PLATFORMS):
        inner = [path for path in _entries(folder) if path.is_dir()]
        assert [_relative(path) for path in inner if path.name not in TEST_FOLDERS] == []
        files = [path for path in _entries(folder) if path.is_file()]
        assert [_relative(path) for path in files if not re.fullmatch(r"(test_.+|conftest)\.py", path.name)] == []


@pytest.mark.parametrize("service", PACKAGES)
def test_the_rooms_of_a_service_stand_in_layers(service: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    package = f"plaudit.{PACKAGES[service]}"
    layered = [
        " ".join(contract["layers"])
        for contract in contracts
        if contract["type"] == "layers"
        and (package in contract.get("containers", ()) or any(package in layer for layer in contract["layers"]))
    ]
    assert len(layered) == 1, "one contract of type layers for each service"
    missing = [room.name for room in _rooms(service) if not re.search(rf"\b{room.name}\b", layered[0])]
    assert missing == [], "every room has a layer"


# What each kind of file does, and does not do.


@pytest.mark.parametrize("path", _parts("domain"), ids=_relative)
def test_domains_are_pure(path: Path) -> None:
    package = f"plaudit.{path.relative_to(ROOT).parts[4]}"
    is_common = path.parent in COMMON_FEATURES
    allowed = tuple(f"plaudit.common.{name}" for name in (*PURE, *(PURE_IN_COMMON if is_common else ())))
    for name in _imports(path):
        assert name.partition(".")[0] not in IMPURE_LIBRARIES, name
        if name.startswith(f"{package}."):
            assert ".domain" in name or f".{PLATFORMS}." in name or name.startswith(allowed), name
        elif name.startswith("plaudit.common."):
            assert name.startswith(allowed), name


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent == COMMON / "contracts"], ids=_relative)
def test_contracts_import_their_model_library_and_nothing_else(path: Path) -> None:
    own = {name for name in _imports(path) if name.startswith("plaudit.common.contracts.")}
    assert {name.partition(".")[0] for name in {*_imports(path)} - own} - sys.stdlib_module_names <= {"msgspec"}


def test_nothing_commits_but_the_transaction_helper() -> None:
    committing = {
        f"{_relative(path)}:{line}"
        for path in SOURCES
        for line, call in _calls(path)
        if ast.unparse(call.func).endswith((".commit", ".rollback")) and "plaudit/common/db/" not in _relative(path)
    }
    # Kafka's own offsets, a hint about lag.
    hint = {place for place in committing if place.startswith("libs/common/src/plaudit/common/kafka/")}
    assert committing == hint
    assert len(hint) <= 1


@pytest.mark.parametrize(
    "path",
    _parts("domain", "consumer", "store", "commands", "events", "schemas", "tables"),
    ids=_relative,
)
def test_no_rule_handler_statement_or_command_reads_a_clock(path: Path) -> None:
    assert [line for line, call in _calls(path) if ast.unparse(call.func).endswith(CLOCKS)] == []


@pytest.mark.parametrize(
    "path",
    _parts("api", "consumer", "domain", "pages", "commands", "events", "jobs", "schemas", "cli", PLATFORMS),
    ids=_relative,
)
def test_sql_stands_in_stores_only(path: Path) -> None:
    assert [text for text in _texts(path) if SQL.search(text)] == []


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if path.parent in COMMON_FEATURES],
    ids=_relative,
)
def test_sql_of_common_features_stands_in_their_stores_only(path: Path) -> None:
    assert path.stem == "store" or [text for text in _texts(path) if SQL.search(text)] == []


def test_no_statement_needs_an_invented_delimiter() -> None:
    assert [_relative(path) for path in SOURCES if any(";;" in text for text in _texts(path))] == []


# Words.


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=_relative)
def test_one_word_for_one_thing(path: Path) -> None:
    # The name of a test is a sentence, in which "who" and "away" are plain English.
    named = [(0, path.stem), *((line, name) for line, name in _identifiers(path) if not name.startswith("test_"))]
    assert [f"line {line}: {name}" for line, name in named if _words(name) & FORBIDDEN_WORDS] == [], (
        "use the word of docs/glossary.md"
    )


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_log_events_are_words_in_snake_case(path: Path) -> None:
    events = [
        (line, call.args[1 if call.func.attr == "log" else 0])
        for line, call in _calls(path)
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        and call.func.attr in {*LEVELS, "log"}
    ]
    assert [
        line for line, event in events if not (isinstance(event, ast.Constant) and EVENT.fullmatch(str(event.value)))
    ] == []


def test_no_package_registry_is_named() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|maven\.org|maven\.apache\.org|deb\.debian\.org")
    listed = [path for path in ROOT.rglob("*") if path.suffix in {".py", ".toml", ".lock", ".md", ".txt", ".yml"}]
    ours = [path for path in listed if not {".venv", ".git", ".local"} & set(path.relative_to(ROOT).parts)]
    assert [
        _relative(path) for path in ours if path != Path(__file__) and hosts.search(path.read_text(errors="replace"))
    ] == []
