"""Mails with a link to sign in: what was asked for on the sign-in page, and an invitation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

from markupsafe import Markup, escape

from plaudit.common.mail import look
from plaudit.common.mail.headers import MAIL_POLICY, ask_for_no_reply
from plaudit.common.sessions.domain import Link
from plaudit.common.settings import Settings, address_of
from plaudit.common.text import isolated, one_line, with_bdi

SENDER_NAME: Final = "Plaudit"


def sign_in_mail(link: Link, tenant_name: str, settings: Settings, sent_at: datetime) -> EmailMessage:
    """Return the mail that somebody asked for on the sign-in page."""
    paragraphs = [
        f"This link signs you in to {isolated(tenant_name)} as {isolated(link.person.name)}. {_validity(link)}",
        "If you did not ask for it, do nothing: nobody is signed in without it.",
    ]
    return _mail(f"Sign in to {tenant_name}", paragraphs, "Sign in", link, settings, sent_at)


def invitation_mail(link: Link, tenant_name: str, settings: Settings, sent_at: datetime) -> EmailMessage:
    """Return the mail to somebody who has just been given an account."""
    paragraphs = [
        f"You have an account at {isolated(tenant_name)}, with the role {link.person.role}.",
        f"This link signs you in for the first time. {_validity(link)}",
        "After that, ask for a new link on the sign-in page, with this address.",
    ]
    return _mail(f"Your account at {tenant_name}", paragraphs, "Accept and sign in", link, settings, sent_at)


def _validity(link: Link) -> str:
    return f"It can be used once, until {link.expires_at.astimezone(UTC):%-d %B %Y, %H:%M} UTC."


def _mail(
    subject: str, paragraphs: Sequence[str], button: str, link: Link, settings: Settings, sent_at: datetime
) -> EmailMessage:
    url = address_of(settings) + link.path
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"] = Address(SENDER_NAME, addr_spec=settings.mail_from)
    message["To"] = Address(addr_spec=link.person.email)
    message["Subject"] = one_line(subject)
    message["Date"] = sent_at
    ask_for_no_reply(message)
    message.set_content("\n\n".join([*paragraphs, f"{button}: {url}"]) + "\n")
    # A line of ours is escaped before what isolates a foreign part of it becomes an element.
    body = [look.paragraph(Markup(with_bdi(str(escape(each))))) for each in paragraphs]  # noqa: S704
    said = Markup("").join((look.heading(subject), *body, look.button(url, button)))
    message.add_alternative(look.page(said), subtype="html")
    return message
