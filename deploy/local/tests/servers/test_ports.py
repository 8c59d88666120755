import socket

from plaudit_local.ports import LOOPBACK, free_port, is_free


def test_a_free_wish_is_granted_and_a_taken_one_is_not():
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert free_port(port) != port
    assert free_port(port) == port


def test_a_port_that_is_promised_to_another_is_not_given_twice():
    wish = free_port()
    assert free_port(wish, taken=[wish]) != wish
