"""Names of the fields of ingest's own log lines. No field may hold what a person wrote."""

from typing import Final

LOG_FIELDS: Final = frozenset(("delivery_id", "events", "import_id", "stage"))
