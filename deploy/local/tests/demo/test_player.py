"""What keeps the demo from being played is one sentence."""

import os
import subprocess
import sys

import pytest

from plaudit_local.demo.player import DemoError, play
from plaudit_local.servers.ports import free_port
from plaudit_testing.deadlines import DEADLINE_SECONDS


def test_without_a_running_product_the_command_says_what_starts_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "plaudit_local", "demo"],
        env={**os.environ, "PLAUDIT_LOCAL": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Plaudit is not running; make up starts it.\n")


def test_a_service_that_does_not_answer_is_said():
    with pytest.raises(DemoError, match="A service does not answer: "):
        play({"api_key": "x", "ingest": f"http://127.0.0.1:{free_port()}"})
