"""To a file of this installation, or to nobody but the log of messages: where nothing else is configured."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from plaudit.common.delivery.commands import Ready
from plaudit.common.delivery.domain.outcomes import MAX_SENT_BYTES, Kind, Outcome

KEPT: Final = b"kept in the console: no mail server and no endpoint takes it"
WRITTEN: Final = b"written to the file of this installation"


async def send(ready: Ready, file: Path | None) -> Outcome:
    """Write a line of JSON to the file, if one is set; the console's log of messages has it in any case."""
    delivery, content = ready.delivery, ready.content
    line = msgspec.json.encode(
        {
            "id": delivery.id,
            "tenant": delivery.tenant_id,
            "topic": delivery.topic,
            "to": delivery.recipient,
            "subject": content.subject,
            "text": content.text,
            "link": content.link,
            "data": content.data,
        }
    )
    if file is None:
        return Outcome(Kind.SENT, answer=KEPT, sent=line[:MAX_SENT_BYTES])
    try:
        await asyncio.to_thread(_append, file, line + b"\n")
    except OSError as error:
        return Outcome(Kind.FAILED, error=f"the file cannot be written: {error.strerror}", sent=line[:MAX_SENT_BYTES])
    return Outcome(Kind.SENT, answer=WRITTEN, sent=line[:MAX_SENT_BYTES])


def _append(file: Path, line: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as opened:
        opened.write(line)
