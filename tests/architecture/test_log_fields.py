import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from plaudit.alerting.log_fields import LOG_FIELDS as ALERTING
from plaudit.common.observability.log import FIELDS
from plaudit.ingest.log_fields import LOG_FIELDS as INGEST
from plaudit.scoring.log_fields import LOG_FIELDS as SCORING

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted([*REPOSITORY.glob("libs/*/src/**/*.py"), *REPOSITORY.glob("services/*/src/**/*.py")])
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
HANDLED = {"exc_info"}
ADDED_ELSEWHERE = {
    *("event", "level", "timestamp", "service", "request_id", "trace_id", "logger", "exception", "error_type"),
    *("problem", "tenant_id", "key_id"),
}
"""Added by processors, or passed on as a mapping."""
OWN = {"alerting": ALERTING, "ingest": INGEST, "scoring": SCORING}


def allowed_fields(source: Path) -> frozenset[str]:
    """What the process that runs this file may log: the common fields, and those that its service declares."""
    parts = source.relative_to(REPOSITORY).parts
    return FIELDS | OWN.get(parts[1], frozenset()) | HANDLED


def logs(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in {"log", "logger"}
    )


def logged_fields(source: Path) -> Iterator[tuple[str, int]]:
    """The keywords of every call like `log.info("event", field=…)`, with their lines."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and logs(node):
            yield from ((keyword.arg, node.lineno) for keyword in node.keywords if keyword.arg is not None)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(REPOSITORY)))
def test_no_line_of_ours_loses_a_field(source: Path) -> None:
    lost = [f"line {line}: {name}" for name, line in logged_fields(source) if name not in allowed_fields(source)]
    assert lost == [], "add it to log_fields.py of the service if it can never hold what a person wrote"


def test_the_common_library_lists_only_what_it_logs_itself() -> None:
    logged = {name for source in SOURCES if "libs" in source.parts for name, _ in logged_fields(source)}
    assert FIELDS - logged - ADDED_ELSEWHERE == set(), "a field of one service belongs into its log_fields.py"


def test_the_list_of_calls_is_not_empty() -> None:
    assert sum(1 for source in SOURCES for _ in logged_fields(source)) > 5
