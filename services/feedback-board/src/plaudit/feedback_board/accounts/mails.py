"""Mails of the public board: a link to sign in, to export or to delete what is here of a person, and the receipt."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

import structlog
from markupsafe import Markup, escape

from plaudit.common.mail import look
from plaudit.common.mail.headers import MAIL_POLICY
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, smtp_sender
from plaudit.common.settings import Settings, address_of
from plaudit.common.text import isolated, one_line, with_bdi
from plaudit.feedback_board.visitors.commands import Mailed
from plaudit.feedback_board.visitors.domain.link import Purpose

log = structlog.get_logger()

SUBJECTS: Final = {
    Purpose.SIGN_IN: "Sign in to {}",
    Purpose.EXPORT: "Your data at {}",
    Purpose.DELETION: "Delete your data at {}?",
}
SAYS: Final = {
    Purpose.SIGN_IN: "This link signs you in on the board of {}.",
    Purpose.EXPORT: "This link lets you download what the board of {} holds about you.",
    Purpose.DELETION: "This link leads to a page where you can delete what {} holds about you. It cannot be undone.",
}
BUTTONS: Final = {
    Purpose.SIGN_IN: "Sign in",
    Purpose.EXPORT: "Download your data",
    Purpose.DELETION: "Open the page",
}


def link_mail(mailed: Mailed, tenant_id: str, board: str, settings: Settings, sent_at: datetime) -> EmailMessage:
    """Return the mail with a link that somebody asked for with an address."""
    paragraphs = [
        SAYS[mailed.purpose].format(isolated(board)),
        f"It can be used once, until {mailed.expires_at.astimezone(UTC):%-d %B %Y, %H:%M} UTC.",
        "If you did not ask for it, do nothing: without it nothing happens.",
    ]
    url = f"{address_of(settings)}/b/{tenant_id}/links/{mailed.token}"
    subject = SUBJECTS[mailed.purpose].format(board)
    return _mail(mailed.address, subject, paragraphs, BUTTONS[mailed.purpose], url, settings, sent_at)


def receipt_mail(address: str, receipt: str, board: str, settings: Settings, sent_at: datetime) -> EmailMessage:
    """Return the receipt of a deletion: a page says when all of it is done."""
    paragraphs = [
        f"You asked {isolated(board)} to delete all about you, and proved that this mailbox is yours.",
        "It begins at once, in all of our services. The page below says when it is done, and knows nothing of you.",
    ]
    url = f"{address_of(settings)}{receipt}"
    subject = f"Receipt: your data at {board} is being deleted"
    return _mail(address, subject, paragraphs, "Open the receipt", url, settings, sent_at)


async def send(message: EmailMessage, settings: Settings, tenant_id: str) -> None:
    """Send a mail after the answer that asked for it; a failure is logged, and the person asks again."""
    try:
        await smtp_sender(settings)(message)
    except (MailRefusedError, MailFailedError) as error:
        log.warning("sign_in_mail_failed", tenant_id=tenant_id, error_type=type(error).__name__)


def _mail(
    address: str,
    subject: str,
    paragraphs: Sequence[str],
    button: str,
    url: str,
    settings: Settings,
    sent_at: datetime,
) -> EmailMessage:
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"] = Address("Plaudit", addr_spec=settings.mail_from)
    message["To"] = Address(addr_spec=address)
    message["Subject"] = one_line(subject)
    message["Date"] = sent_at
    # RFC 3834: asks for no automatic reply.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join([*paragraphs, f"{button}: {url}"]) + "\n")
    # A line of ours is escaped before what isolates a foreign part of it becomes an element.
    body = [look.paragraph(Markup(with_bdi(str(escape(each))))) for each in paragraphs]  # noqa: S704
    said = Markup("").join((look.heading(subject), *body, look.button(url, button)))
    message.add_alternative(look.page(said), subtype="html")
    return message
