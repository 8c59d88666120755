"""What there is to write to a person with, as it is answered just before."""

from datetime import datetime

import msgspec


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to write to a person with."""

    address: str = ""
    """Empty where none is known."""
    consent: str = "unknown"
    """`granted`, `denied` or `unknown`, as the person has said last."""
    consent_at: datetime | None = None
    link: str = ""
    """To the survey that was asked for, for this person alone."""
    why_no_link: str = ""
