"""The audit trail as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from plaudit.alerting.audit.domain import Recorded
from plaudit.common.http.openapi_examples import A_TIME


class AuditEntryOut(BaseModel):
    """Something that somebody did."""

    at: datetime = Field(description="When.", examples=[A_TIME])
    actor: str = Field(
        description="Who: the key, as `key:<public id>`, the person, as `person:<id>`, or `system`.",
        examples=["key:abcdefghijklmnop"],
    )
    kind: str = Field(description="What was done.", examples=["owners.saved"])
    about_kind: str = Field(description="The kind of thing that it is about.", examples=["owners"])
    about_id: str = Field(description="Which one: an id, or a name.", examples=["owners"])
    before: dict[str, Any] | None = Field(
        description="What of it was changed, as it stood; null: it was not there, or an erasure emptied it.",
        examples=[{"revision": 0}],
    )
    after: dict[str, Any] | None = Field(
        description="The same afterwards; null: it is not there any more, or an erasure emptied it.",
        examples=[{"revision": 1}],
    )


def entry_out(entry: Recorded) -> AuditEntryOut:
    """Return an entry as the API shows it."""
    return AuditEntryOut(
        at=entry.recorded_at,
        actor=entry.actor,
        kind=entry.kind,
        about_kind=entry.about_kind,
        about_id=entry.about_id,
        before=None if entry.before is None else dict(entry.before),
        after=None if entry.after is None else dict(entry.after),
    )
