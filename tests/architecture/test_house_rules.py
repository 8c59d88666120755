"""Rules of the house that import contracts cannot say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = {"ingest": "ingest", "scoring": "scoring", "alerting": "alerting", "feedback-board": "feedback_board"}
SOURCES = sorted(path for base in ("libs", "services") for path in (ROOT / base).glob("*/src/**/*.py"))
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", re.MULTILINE)


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def _service_parts(*names: str) -> list[Path]:
    return [
        path
        for path in SOURCES
        if any(part in names for part in path.with_suffix("").relative_to(ROOT).parts) and "services" in path.parts
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_anatomy(service):
    package = ROOT / "services" / service / "src" / "plaudit" / SERVICES[service]
    for part in ("domain", "tables", "store", "api", "settings", "main"):
        found = [path for path in package.glob(f"**/{part}*") if path.name in {part, f"{part}.py"}]
        assert found, f"{service} has no {part}"
    assert list((package / "migrations" / "versions").glob("0001_*.py"))


def test_nothing_commits_but_the_transaction_helper():
    committing = {
        f"{_relative(path)}:{line}"
        for path in SOURCES
        for line, call in _calls(path)
        if call.endswith((".commit", ".rollback")) and "plaudit/common/db/" not in _relative(path)
    }
    # Kafka's own offsets, a hint about lag.
    allowed = {place for place in committing if place.startswith("libs/common/src/plaudit/common/kafka/member.py:")}
    assert committing == allowed


@pytest.mark.parametrize("path", _service_parts("domain", "consumer", "store"), ids=_relative)
def test_no_rule_handler_or_statement_reads_a_clock(path):
    clocks = ("datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "date.today")
    assert [place for place in _calls(path) if place[1].endswith(clocks)] == []


@pytest.mark.parametrize("path", _service_parts("api", "consumer", "domain", "pages"), ids=_relative)
def test_sql_stands_in_stores_only(path):
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [text for text in texts if SQL.search(text)] == []


def test_no_package_registry_is_named():
    hosts = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|maven\.org|maven\.apache\.org|deb\.debian\.org")
    listed = [path for path in ROOT.rglob("*") if path.suffix in {".py", ".toml", ".lock", ".md", ".txt", ".yml"}]
    ours = [path for path in listed if not {".venv", ".git", ".local"} & set(path.relative_to(ROOT).parts)]
    assert [
        _relative(path) for path in ours if path != Path(__file__) and hosts.search(path.read_text(errors="replace"))
    ] == []
