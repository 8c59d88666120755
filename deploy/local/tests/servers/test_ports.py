import socket

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


def test_a_port_that_is_drawn_is_none_that_the_system_gives_to_a_connection_meanwhile():
    assert {free_port() in DRAWN for _ in range(50)} == {True}
