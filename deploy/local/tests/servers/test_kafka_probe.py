import socket
import threading
import uuid

import pytest

from plaudit_local.servers import kafka_probe
from plaudit_local.servers.ports import free_port


def answers(port_of, *chunks: bytes):
    """A server that answers one request with these bytes; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as connection:
            connection.recv(1000)
            for chunk in chunks:
                connection.sendall(chunk)

    thread = threading.Thread(target=serve)
    thread.start()
    port_of.append((listener.getsockname()[1], thread))
    return port_of[-1][0]


@pytest.mark.kafka
def test_a_broker_says_which_cluster_it_is_of(kafka_server):
    host, port = kafka_server.bootstrap.split(":")
    cluster = kafka_probe.ask(host, int(port))
    assert cluster.live_brokers == 1
    assert len(cluster.id) == len(uuid.uuid4().bytes) * 4 // 3 + 1  # base64 without padding


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\x08\0\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x09" + b"\xff" * 9,
        b"\0\0\0\x0c\0\0\0\1\0\0\0\5\0\0\0\0",
    ],
)
def test_whatever_else_listens_there_is_no_broker(answer):
    started: list[tuple[int, threading.Thread]] = []
    port = answers(started, answer)
    assert kafka_probe.ask("127.0.0.1", port) is None
    started[0][1].join()


def test_nothing_that_listens_is_no_broker():
    assert kafka_probe.ask("127.0.0.1", free_port()) is None
