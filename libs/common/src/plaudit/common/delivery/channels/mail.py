"""By mail, over SMTP."""

import re
from datetime import datetime
from email.errors import MessageError
from typing import Final

from msgspec.structs import replace

from plaudit.common.delivery.commands import Ready
from plaudit.common.delivery.domain.message import Delivery
from plaudit.common.delivery.domain.outcomes import MAX_ERROR_CHARS, MAX_SENT_BYTES, Kind, Outcome
from plaudit.common.delivery.domain.shapes.mail import mail_of
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, SendMail

ACCEPTED: Final = b"accepted by the mail server"
NOT_KEPT: Final = "(what a customer is written is not kept)"
THE_ADDRESS: Final = "the address"


async def send(ready: Ready, hand_over: SendMail, sender: str, unsubscribe_url: str, now: datetime) -> Outcome:
    """Hand a mail to the server; return what came of it. One that cannot be composed is refused.

    Args:
        ready: what is sent to whom.
        hand_over: takes one mail to a server.
        sender: the address that it comes from.
        unsubscribe_url: see `mail_of`.
        now: for its header `Date`.
    """
    try:
        mail = mail_of(
            _addressed(ready),
            ready.content,
            sender=sender,
            sent_at=now,
            unsubscribe_url=unsubscribe_url,
            references=ready.references,
        )
        shown = f"Subject: {mail['Subject']}\n\n{_shown(ready)}".encode(errors="replace")[:MAX_SENT_BYTES]
    except (ValueError, TypeError, LookupError, MessageError) as error:
        why = f"it cannot be composed: {type(error).__name__}: {error}"
        return Outcome(Kind.REFUSED, error=_kept(ready, why))
    try:
        await hand_over(mail)
    except MailRefusedError as error:
        kind = Kind.GONE if error.is_mailbox_gone else Kind.REFUSED
        return Outcome(kind, error=_kept(ready, str(error)), sent=shown, is_of_the_recipient=error.is_mailbox_gone)
    except MailFailedError as error:
        return Outcome(
            Kind.FAILED,
            error=_kept(ready, str(error)),
            sent=shown,
            is_of_the_recipient=error.is_of_the_recipient,
            may_have_arrived=error.may_have_arrived,
        )
    return Outcome(Kind.SENT, answer=ACCEPTED, sent=shown)


def _addressed(ready: Ready) -> Delivery:
    return replace(ready.delivery, recipient=ready.address) if ready.address else ready.delivery


def _shown(ready: Ready) -> str:
    """Return what is kept of the text: not that of a person's own mail, whose links act in the person's name."""
    return NOT_KEPT if ready.address else ready.content.text


def _kept(ready: Ready, error: str) -> str:
    """Return what is kept of an error: servers repeat the address in it."""
    text = re.sub(re.escape(ready.address), THE_ADDRESS, error, flags=re.IGNORECASE) if ready.address else error
    return text[:MAX_ERROR_CHARS]
