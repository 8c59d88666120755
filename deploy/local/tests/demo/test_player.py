"""What keeps the demo from being played is one sentence."""

import os
import subprocess
import sys

import httpx
import pytest

from plaudit_local.demo import player
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


def client_of(*statuses: int) -> httpx.Client:
    """A client that gets these answers, one after the other, and the last of them ever after."""
    left = list(statuses)

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(left.pop(0) if len(left) > 1 else left[0], json={"said": "so"})

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_a_service_that_is_not_available_for_a_moment_is_asked_again(monkeypatch):
    monkeypatch.setattr(player, "POLL_SECONDS", 0)

    assert player._ask(client_of(503, 503, 200), "GET", "http://plaudit.example") == {"said": "so"}


def test_what_is_refused_is_said_at_once_and_what_stays_unavailable_when_the_deadline_is_over(monkeypatch):
    with pytest.raises(DemoError, match=r"GET http://plaudit\.example: 422"):
        player._ask(client_of(422, 200), "GET", "http://plaudit.example")
    monkeypatch.setattr(player, "DEADLINE_SECONDS", 0)
    with pytest.raises(DemoError, match=r"GET http://plaudit\.example: 503"):
        player._ask(client_of(503), "GET", "http://plaudit.example")
