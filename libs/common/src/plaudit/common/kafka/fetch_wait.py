"""How long the broker keeps a fetch open that finds nothing: briefly under traffic, longer when there is none.

Any record of the partitions that a fetch names ends it at once. A partition that it does not name, because its records
were still being applied, waits for its end: so the wait is brief while records come. When none have come for a while,
every fetch names all partitions, and a short wait would only be polling.
"""

from aiokafka import AIOKafkaConsumer

from plaudit.common.kafka.clients import FETCH_MAX_WAIT_MS

QUIET_SECONDS = 1.0
QUIET_WAIT_MS = 500


class FetchWait:
    """Of one started consumer."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        """Begin as under traffic."""
        self._consumer = consumer
        self._records_at_seconds = 0.0

    def observe(self, records: int, now_seconds: float) -> None:
        """Take in what a poll returned.

        Args:
            records: how many.
            now_seconds: on the monotonic clock.
        """
        if records:
            self._records_at_seconds = now_seconds
        is_quiet = now_seconds - self._records_at_seconds > QUIET_SECONDS
        # The client has no way to change this while it runs. It reads the attribute for each fetch.
        self._consumer._fetcher._fetch_max_wait_ms = QUIET_WAIT_MS if is_quiet else FETCH_MAX_WAIT_MS  # noqa: SLF001
