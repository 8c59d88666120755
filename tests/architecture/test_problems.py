"""Every problem that a service answers with is explained on its page `/problems`."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMON = ROOT / "libs" / "common" / "src"
SERVICES = sorted(path for path in (ROOT / "services").iterdir() if (path / "src").is_dir())
MAKERS = {"Problem", "bad_request", "conflict", "unprocessable"}
"""What takes the slug of a problem first."""


def _trees(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py"))]


def _answered(folder: Path) -> set[str]:
    """The slugs that the code under a folder answers with."""
    calls = (node for tree in _trees(folder) for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in MAKERS
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _explained(folder: Path) -> set[str]:
    """The keys of all tables of problems under a folder."""
    found: set[str] = set()
    for node in (node for tree in _trees(folder) for node in ast.walk(tree)):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, ast.Dict):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id.endswith("PROBLEMS") for target in targets):
            found |= {str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)}
    return found


def test_what_all_services_answer_is_explained_by_all() -> None:
    assert _answered(COMMON) - _explained(COMMON) == set()
    assert len(_answered(COMMON)) > 15


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_what_a_service_answers_is_explained_there(service: Path) -> None:
    assert _answered(service / "src") - _explained(service / "src") - _explained(COMMON) == set()
