"""The mail of an invitation: what is queued, what is known when it leaves, and what it says.

Queued is no more than which invitation it is. The words are composed as it leaves, when the person's language, the
address and the link are known; none of these is kept.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from markupsafe import Markup
from msgspec.structs import replace

from plaudit.alerting.cadences.domain.consent import INVITATION
from plaudit.alerting.cadences.domain.invitation_words import Words, words_in
from plaudit.alerting.cadences.domain.messages import thread_of
from plaudit.alerting.cadences.domain.plan import Step
from plaudit.alerting.cadences.domain.rules import SURVEY
from plaudit.alerting.cadences.domain.touchpoint import Touchpoint
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.delivery.domain.message import (
    A_PERSON,
    Channel,
    Content,
    Message,
    Route,
    delivery_id,
    person,
)
from plaudit.common.mail import look
from plaudit.common.text import one_line

MAIL_TOPIC: Final = INVITATION
"""That which a customer chooses on the page of preferences: one click in a mail unticks it there."""
NO_ADDRESS: Final = "no address of the customer is known"
DENIED: Final = "the customer has denied consent"
NO_LINK: Final = "the survey gives the customer no link"
MAX_COMPANY_CHARS: Final = 60


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an invitation when its mail leaves, but for the address."""

    company: str
    """Whoever asks."""
    language: str | None
    is_reminder: bool
    review_at: str
    """A web address, or `survey:<id>`."""
    preferences_url: str

    @property
    def survey(self) -> str:
        """The id of the survey that the customer gets a link of; empty where it leads to a web address."""
        return self.review_at.removeprefix(SURVEY) if self.review_at.startswith(SURVEY) else ""


def mail_message(touchpoint: Touchpoint, review_at: str) -> Message:
    """Return what is queued of an invitation: no word for the customer, and no address."""
    is_reminder = touchpoint.step is Step.REMINDER
    return Message(
        tenant=touchpoint.tenant_id,
        key=f"invitation {touchpoint.id}",
        topic=MAIL_TOPIC,
        to=person(touchpoint.person),
        content=Content(
            subject=f"{'Reminder of an invitation' if is_reminder else 'Invitation'} to review {touchpoint.subject}",
            text="It is written in the customer's language as it leaves.",
            data={"rule": touchpoint.rule, "review_at": review_at, "is_reminder": is_reminder},
        ),
        thread=thread_of(touchpoint.tenant_id, touchpoint.person),
        needs_consent=True,
    )


def mail_id(message: Message) -> UUID:
    """Return the id of the delivery of such a mail, the same each time."""
    return delivery_id(message.tenant, message.key, Route(Channel.EMAIL, A_PERSON))


def known_of(data: Mapping[str, Any], *, company: str, language: str | None, preferences_url: str) -> Known:
    """Return what is known as a mail leaves, of what was queued."""
    return Known(
        company=one_line(company)[:MAX_COMPANY_CHARS],
        language=language,
        is_reminder=data["is_reminder"],
        review_at=data["review_at"],
        preferences_url=preferences_url,
    )


def with_known(content: Content, known: Known) -> Content:
    """Return a content that carries what is known on to where the address is asked for."""
    return replace(content, data=msgspec.to_builtins(known))


def known_in(content: Content) -> Known:
    """Return what a content carries."""
    return msgspec.convert(content.data, Known)


def words_for(known: Known, contact: Contact) -> Content | str:
    """Return what the mail says to a contact, or why it does not leave."""
    if not contact.address:
        return NO_ADDRESS
    if contact.consent == "denied":
        return DENIED
    link = contact.link if known.survey else known.review_at
    if not link:
        return f"{NO_LINK}: {contact.why_no_link}" if contact.why_no_link else NO_LINK
    return content_of(known, link)


def content_of(known: Known, link: str) -> Content:
    """Return what the mail says: one link to review, and the one to what the customer is told."""
    language, words = words_in(known.language)
    said = Words(*(each.replace("{company}", known.company) for each in words))
    opening = said.reminder_opening if known.is_reminder else said.opening
    return Content(
        subject=said.reminder_subject if known.is_reminder else said.subject,
        text="\n\n".join(
            (
                f"{opening} {said.request}",
                f"{said.label}: {link}",
                said.reason,
                f"{said.preferences}: {known.preferences_url}",
            )
        ),
        html=_html(language, opening, said, link, known.preferences_url),
        language=language,
        sender_name=known.company,
    )


def _html(language: str, opening: str, said: Words, link: str, preferences_url: str) -> str:
    why = look.why(said.reason, preferences_url, said.preferences)
    body = (look.paragraph(opening), look.paragraph(said.request), look.button(link, said.label), why)
    return look.page(Markup("").join(body), language=language)
