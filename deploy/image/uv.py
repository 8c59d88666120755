"""Runs the uv of `.venv` with these arguments and with pip's settings: a builder may have an index of its own."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

from bootstrap import VENV, uv_environment  # noqa: E402 - found by the line above

uv = str(VENV / "bin" / "uv")
os.execve(uv, [uv, *sys.argv[1:]], uv_environment())  # noqa: S606 - the arguments are those of the Dockerfile
