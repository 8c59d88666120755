import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from plaudit.common.log import FIELDS

REPOSITORY = Path(__file__).parents[3]
SOURCES = sorted([*REPOSITORY.glob("libs/*/src/**/*.py"), *REPOSITORY.glob("services/*/src/**/*.py")])
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
HANDLED = {"exc_info"}


def logged_fields(source: Path) -> Iterator[tuple[str, int]]:
    """The keywords of every call like `log.info("event", field=…)`, with their lines."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "logger"}
        ):
            for keyword in node.keywords:
                if keyword.arg is not None:
                    yield keyword.arg, node.lineno


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(REPOSITORY)))
def test_no_line_of_ours_loses_a_field(source: Path) -> None:
    lost = [f"line {line}: {name}" for name, line in logged_fields(source) if name not in FIELDS | HANDLED]
    assert lost == [], "add it to plaudit.common.log.FIELDS if it can never hold what a person wrote"


def test_the_list_of_calls_is_not_empty() -> None:
    assert sum(1 for source in SOURCES for _ in logged_fields(source)) > 5
