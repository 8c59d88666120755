"""What a silence says of itself."""

from datetime import UTC, datetime
from uuid import UUID

from plaudit.alerting.alerts.domain.silences import Silence


def test_its_end_is_written_as_people_read_times():
    silence = Silence(
        tenant_id="default",
        id=UUID(int=1),
        alert_id=UUID(int=2),
        subject_prefix=None,
        source_id=None,
        reason="We know.",
        created_at=datetime(2026, 3, 2, 8, tzinfo=UTC),
        created_by="key:a",
        until=datetime(2026, 3, 2, 10, 50, tzinfo=UTC),
    )
    assert silence.in_words.startswith("silenced until 2 March 2026, 10:50 UTC: ")
