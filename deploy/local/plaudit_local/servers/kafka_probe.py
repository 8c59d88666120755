"""Asks a Kafka broker over a plain socket which cluster it belongs to, and how many brokers are alive.

It blocks and needs no event loop, so that a supervisor and a fixture inside a running loop can both use it.
"""

import socket

from plaudit.common.kafka.topic_ids import Cluster, cluster_request, read_cluster

TIMEOUT_SECONDS = 2.0
RESPONSE_MAX_BYTES = 1_000_000


def ask(host: str, port: int) -> Cluster | None:
    """Return the cluster behind this address; None when nothing there answers as a broker."""
    try:
        with (
            socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as connection,
            connection.makefile("rb") as answer,
        ):
            connection.sendall(cluster_request())
            size = int.from_bytes(answer.read(4), signed=True)
            return read_cluster(answer.read(size)) if 0 < size <= RESPONSE_MAX_BYTES else None
    except (OSError, ValueError):
        return None
