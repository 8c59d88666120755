"""Where published test values and real data lie, beside the checkout; they are no part of it."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("PLAUDIT_SHARED") or Path(__file__).parents[3] / "shared")


def shared(*parts: str) -> Path:
    """A file or folder of the shared data; skips the test with a clear reason where it is absent."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {path}, which is no part of the repository (PLAUDIT_SHARED names its folder)")
    return path


def outside_suite(name: str, path: str) -> Path:
    """A file or folder of a published test suite; skips the test with a clear reason where it is absent.

    Args:
        name: the folder of its checkout in the folder that `PLAUDIT_OUTSIDE_SUITES` names.
        path: what is needed of it.
    """
    folder = os.environ.get("PLAUDIT_OUTSIDE_SUITES")
    if not folder:
        pytest.skip(f"PLAUDIT_OUTSIDE_SUITES names no folder with a checkout of {name}")
    found = Path(folder, name, path)
    if not found.exists():
        pytest.skip(f"needs {found}, a checkout of {name}")
    return found
