"""The door under HTTPS, with certificates of a CA of its own: whom it answers, and over which protocols."""

import socket
import ssl
from collections.abc import Sequence

import pytest

from plaudit_local.servers.ports import LOOPBACK
from plaudit_testing.deadlines import DEADLINE_SECONDS

NAME = "plaudit.test"


def connected(port: int, server_name: str | None, protocols: Sequence[str] = ("http/1.1",)) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    plain = socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS)
    return context.wrap_socket(plain, server_hostname=server_name)


def answer(door, host: str) -> bytes:
    with connected(door.port, NAME) as connection:
        connection.sendall(f"GET /v1/scores HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answered = b""
        while chunk := connection.recv(65_536):
            answered += chunk
    return answered


@pytest.mark.parametrize("host", [NAME, NAME.upper(), f"{NAME}:8443"])
def test_the_name_of_the_site_is_served(tls_door, host: str):
    answered = answer(tls_door, host)
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert b"alt-svc" not in answered.lower(), "HTTP/3 is not offered"


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1", f"{NAME}.evil.test", f"{NAME}.", "x"])
def test_another_host_on_the_sites_certificate_is_a_421_that_reaches_no_service(tls_door, host: str):
    before = len(tls_door.services["scoring"].asked)
    assert answer(tls_door, host).startswith(b"HTTP/1.1 421 ")
    assert len(tls_door.services["scoring"].asked) == before


@pytest.mark.parametrize("name", ["evil.test", f"x.{NAME}", None])
def test_for_another_name_there_is_no_certificate(tls_door, name: str | None):
    with pytest.raises(ssl.SSLError):
        connected(tls_door.port, name)


def test_http_2_is_spoken_over_tls_and_nothing_older_than_tls_1_2(tls_door):
    with connected(tls_door.port, NAME, ("h2", "http/1.1")) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}


def test_plain_http_on_the_port_of_tls_is_a_400_and_closed(tls_door):
    with socket.create_connection((LOOPBACK, tls_door.port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(f"GET /v1/scores HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        answered = connection.recv(65_536)
        assert answered.split()[1] == b"400"
        assert connection.recv(1) == b""
