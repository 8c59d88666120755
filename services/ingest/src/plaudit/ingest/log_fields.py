"""Names of the fields of ingest's own log lines. No field may hold what a person wrote."""

from typing import Final

LOG_FIELDS: Final = frozenset(
    (
        *("answer_id", "delivery_id", "events", "failures", "import_id", "outcome", "platform", "source_id", "stage"),
        *("missing", "trouble", "visible"),
    )
)
