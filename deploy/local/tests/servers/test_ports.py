import json
import socket
import subprocess
import sys

import pytest

from plaudit_local.servers import ports
from plaudit_local.servers.ports import DRAWN, LOOPBACK, free_port, is_free


def test_a_free_preferred_port_is_given_and_a_taken_one_is_not():
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert free_port(port) != port
    assert free_port(port) == port


def test_a_port_that_another_has_is_not_given_twice():
    preferred = free_port()
    assert free_port(preferred, taken=[preferred]) != preferred


def test_a_port_that_is_drawn_is_given_to_nobody_else_though_nobody_listens_on_it_yet(monkeypatch: pytest.MonkeyPatch):
    few = range(31_000, 31_040)
    monkeypatch.setattr(ports, "DRAWN", few)
    monkeypatch.setattr(ports, "DRAWS", len(few))
    ours = [free_port() for _ in range(len(few) // 2)]
    draw = f"from plaudit_local.servers import ports; ports.DRAWN = {few!r}; ports.DRAWS = {len(few)}; "
    draw += f"print([ports.free_port() for _ in range({len(few) // 2})])"
    theirs = json.loads(subprocess.run([sys.executable, "-c", draw], check=True, capture_output=True).stdout)
    assert len({*ours, *theirs}) == len(ours) + len(theirs)


def test_a_port_that_is_drawn_is_none_that_the_system_gives_to_a_connection_meanwhile():
    assert {free_port() in DRAWN for _ in range(50)} == {True}
