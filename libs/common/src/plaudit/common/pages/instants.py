"""How pages write instants."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """Return an instant for people: `7 March 2026, 09:00 UTC`."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
