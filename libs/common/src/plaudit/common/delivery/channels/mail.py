"""By mail, over SMTP."""

from datetime import datetime
from email.errors import MessageError
from typing import Final

from plaudit.common.delivery.commands import Ready
from plaudit.common.delivery.domain.outcomes import MAX_ERROR_CHARS, MAX_SENT_BYTES, Kind, Outcome
from plaudit.common.delivery.domain.shapes.mail import mail_of
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, SendMail

ACCEPTED: Final = b"accepted by the mail server"


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
            ready.delivery,
            ready.content,
            sender=sender,
            sent_at=now,
            unsubscribe_url=unsubscribe_url,
            references=ready.references,
        )
        shown = f"Subject: {mail['Subject']}\n\n{ready.content.text}".encode(errors="replace")[:MAX_SENT_BYTES]
    except (ValueError, TypeError, LookupError, MessageError) as error:
        return Outcome(Kind.REFUSED, error=f"it cannot be composed: {type(error).__name__}: {error}"[:MAX_ERROR_CHARS])
    try:
        await hand_over(mail)
    except MailRefusedError as error:
        return Outcome(Kind.REFUSED, error=str(error)[:MAX_ERROR_CHARS], sent=shown)
    except MailFailedError as error:
        return Outcome(Kind.FAILED, error=str(error)[:MAX_ERROR_CHARS], sent=shown)
    return Outcome(Kind.SENT, answer=ACCEPTED, sent=shown)
