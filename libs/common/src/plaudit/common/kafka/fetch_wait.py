"""How long the broker keeps a fetch open: briefly under traffic, longer when there is none.

Any record of the partitions that a fetch names ends it at once. A partition that it does not name, because its records
were still being applied, waits for its end: so the wait is brief while records come. When none have come for a while,
every fetch names all partitions, and a short wait would only be polling.

A group whose effect nobody waits for lets records gather at the broker while some come: a fetch ends when there are
many or after that time. The first one after a quiet while still ends it at once.
"""

from aiokafka import AIOKafkaConsumer

from plaudit.common.kafka.clients import FETCH_MAX_WAIT_MS

QUIET_SECONDS = 1.0
GATHER_BYTES = 64 * 1024
"""As many end a fetch of a group that gathers: some hundred records, which under load come far sooner than its time."""
QUIET_WAIT_MS = 1_000
"""Of a fetch that no record ends. Until its end the broker reads no other request of the same connection, such as the
first fetch after a rebalance. Far below the time in which a request must be answered."""
POLL_MS = 200
QUIET_POLL_MS = 500
"""Of a worker and of the client's own loop. A record ends either at once; partitions from a rebalance wait for it."""


class FetchWait:
    """Of one started consumer."""

    def __init__(self, consumer: AIOKafkaConsumer, gather_seconds: float = 0.0) -> None:
        """Begin as under traffic.

        Args:
            consumer: the group's member.
            gather_seconds: how long records gather while some come.
        """
        self._consumer = consumer
        self._wait_ms = round(gather_seconds * 1_000) or FETCH_MAX_WAIT_MS
        self._min_bytes = GATHER_BYTES if gather_seconds else 1
        self._records_at_seconds = 0.0
        self.poll_ms = POLL_MS
        """How long a worker waits for records before it looks at its partitions again."""

    def observe(self, records: int, now_seconds: float) -> None:
        """Take in what a poll returned.

        Args:
            records: how many.
            now_seconds: on the monotonic clock.
        """
        if records:
            self._records_at_seconds = now_seconds
        is_quiet = now_seconds - self._records_at_seconds > QUIET_SECONDS
        self.poll_ms = QUIET_POLL_MS if is_quiet else POLL_MS
        # The client has no way to change these while it runs. It reads the attributes for each fetch.
        fetcher = self._consumer._fetcher  # noqa: SLF001
        fetcher._fetch_max_wait_ms = QUIET_WAIT_MS if is_quiet else self._wait_ms  # noqa: SLF001
        fetcher._fetch_min_bytes = 1 if is_quiet else self._min_bytes  # noqa: SLF001
        fetcher._fetcher_timeout = self.poll_ms / 1_000  # noqa: SLF001
