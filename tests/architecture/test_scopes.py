"""The scopes that keys may have are those that operations and pages ask for."""

import ast
from pathlib import Path

from plaudit.common.api_keys.domain import SCOPES

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for base in ("libs", "services") for path in (ROOT / base).glob("*/src/**/*.py"))
ASKING = {"authorize", "staff"}


def asked_for(source: str) -> set[str]:
    """The scopes that the dependencies of operations and pages name."""
    return {
        argument.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


def test_every_scope_that_something_asks_for_is_known_and_every_known_one_opens_something() -> None:
    assert set().union(*(asked_for(path.read_text(encoding="utf-8")) for path in SOURCES)) == set(SCOPES)


def test_of_the_test_a_scope_is_found_in_a_dependency() -> None:
    assert asked_for('Reader = Annotated[Principal, Depends(authorize("x:read", "y:read"))]') == {"x:read", "y:read"}
