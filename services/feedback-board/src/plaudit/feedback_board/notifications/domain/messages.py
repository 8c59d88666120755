"""What a person is told when a request gets a status: queued as ids alone, and composed when it leaves."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

import msgspec
from markupsafe import Markup

from plaudit.common.delivery.domain.consent import Topic
from plaudit.common.delivery.domain.message import Content, Message, person
from plaudit.common.delivery.domain.shapes.mail import direction_of
from plaudit.common.mail import look
from plaudit.common.text import isolated, one_line, shortened
from plaudit.feedback_board.notifications.domain.audience import Involved
from plaudit.feedback_board.notifications.domain.wording import DEFAULT_LANGUAGE, WORDINGS, Wording
from plaudit.feedback_board.requests.domain.announcement import Announcement
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status

TOPIC: Final = "request.status_changed"
"""Of all mails about what became of requests: people choose by it."""
TOPICS: Final = (
    Topic(
        TOPIC,
        "What became of what you asked for",
        "When a request that you made, voted for, commented on or follow is planned, built or declined.",
        needs_consent=False,
    ),
)
"""What people can choose to be told about by the board."""
MAX_TITLE_CHARS: Final = 120
MAX_REASON_CHARS: Final = 2_000
_QUOTE: Final = Markup(
    '<blockquote dir="auto" style="margin:0 0 16px;padding:2px 0 2px 14px;border-inline-start:3px solid #d9d4c7">'
    "{}</blockquote>"
)
_SMALL: Final = Markup('<p style="margin:0 0 6px;font-size:13px;color:{}">{}</p>')
_LINK: Final = Markup('<a href="{}" style="color:{}">{}</a>')


class Carried(msgspec.Struct, frozen=True):
    """What a message carries while it waits."""

    announcement_id: UUID
    request_id: UUID
    """The root, when it was queued."""
    why: tuple[str, ...]


class Links(msgspec.Struct, frozen=True):
    """Where the links of a mail lead."""

    request: str
    """The public page of the request."""
    stop: str
    """Stops mails about this request, after a question."""
    preferences: str
    """All that the person is told."""


def thread_of(request_id: UUID) -> str:
    """Return the thread of all messages about a request."""
    return f"request:{request_id}"


def message_of(announcement: Announcement, request: Request, to: Involved) -> Message:
    """Return what is queued for one person. Its words are composed when it leaves.

    The key names the change and the person: however often it is queued, it is one delivery. It outlasts an erasure, so
    that it does not hold the person key, which may be a name on a platform.
    """
    return Message(
        tenant=request.tenant_id,
        key=f"request-status:{announcement.id}:{uuid5(announcement.id, to.person_key)}",
        topic=TOPIC,
        to=person(to.person_key, is_known_here=to.language is not None),
        content=Content(
            shortened(one_line(request.title), MAX_TITLE_CHARS),
            "",
            data=msgspec.to_builtins(Carried(announcement.id, request.id, to.why)),
            language=to.language or DEFAULT_LANGUAGE,
        ),
        thread=thread_of(request.id),
    )


def carried_by(content: Content) -> Carried:
    """Return what a message carries."""
    return msgspec.convert(dict(content.data), Carried)


def content_of(
    request: Request, status: Status, why: Sequence[str], links: Links, *, language: str, company: str
) -> Content:
    """Return what a person reads.

    Args:
        request: that they asked for.
        status: that it has got.
        why: how they have to do with it.
        links: of this person.
        language: of the words of ours.
        company: in whose name it is sent.
    """
    words = WORDINGS.get(language, WORDINGS[DEFAULT_LANGUAGE])
    title = shortened(one_line(request.title), MAX_TITLE_CHARS)
    reason = shortened((request.status_reason or "").strip(), MAX_REASON_CHARS)
    return Content(
        subject=words.subjects[status].format(title=isolated(title)),
        text=_text(words, status, title, reason, why, links),
        html=_html(words, status, title, reason, why, links),
        language=words.language,
        sender_name=company,
    )


def _text(words: Wording, status: Status, title: str, reason: str, why: Sequence[str], links: Links) -> str:
    parts = [
        words.headings[status],
        f"{words.you_asked}\n{isolated(title)}",
        f"{words.what_we_say[status]}\n{reason}" if reason else "",
        f"{words.open_label}: {links.request}",
        words.because(why),
        f"{words.stop_label}: {links.stop}\n{words.choose_label}: {links.preferences}",
    ]
    return "\n\n".join(filter(None, parts))


def _html(words: Wording, status: Status, title: str, reason: str, why: Sequence[str], links: Links) -> str:
    parts = [
        look.heading(words.headings[status]),
        look.paragraph(words.you_asked),
        _QUOTE.format(Markup("<b>{}</b>").format(title)),
    ]
    if reason:
        lines = Markup("<br>").join(reason.splitlines())
        parts += [look.paragraph(words.what_we_say[status]), _QUOTE.format(lines)]
    parts += [
        look.button(links.request, words.open_label),
        _SMALL.format(look.SOFT, words.because(why)),
        _SMALL.format(look.SOFT, _LINK.format(links.stop, look.SOFT, words.stop_label)),
        _SMALL.format(look.SOFT, _LINK.format(links.preferences, look.SOFT, words.choose_label)),
    ]
    return look.page(Markup("").join(parts), language=words.language, direction=direction_of(words.language))
