"""What the mails say: plain text and a simple HTML of the same, with nothing to load and nothing to run."""

import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final
from uuid import UUID

from plaudit.alerting.changes import MailKind
from plaudit.alerting.domain.promises import Promise, is_web_address

SENDER_NAME: Final = "Plaudit"
MAX_SUBJECT_CHARS: Final = 150
_LINE_CHARS: Final = "\n\r"


def compose(
    promise: Promise, kind: MailKind, *, mail_id: UUID, sender: str, recipient: str, sent_at: datetime, board_url: str
) -> EmailMessage:
    """Return the mail about one change of a promise.

    Args:
        promise: as it stands now.
        kind: what the mail is about.
        mail_id: makes the Message-ID, the same at each attempt, so that a repeat can be told for one.
        sender: address it comes from.
        recipient: address it goes to.
        sent_at: for the header `Date`.
        board_url: of the page that shows what is late; empty where there is none to link to.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(SENDER_NAME, addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = _one_line(_subject(promise, kind))[:MAX_SUBJECT_CHARS]
    message["Date"] = sent_at
    message["Message-ID"] = f"<{mail_id}@{sender.rpartition('@')[2]}>"
    # RFC 3834: nobody's holiday notice shall answer.
    message["Auto-Submitted"] = "auto-generated"
    paragraphs = _paragraphs(promise, kind)
    quote = [_clean(part) for part in (promise.review.title, promise.review.excerpt) if part]
    links = [
        (label, url)
        for label, url in (("The review", promise.review.url or ""), ("All promises", board_url))
        if is_web_address(url)
    ]
    message.set_content(_as_text(paragraphs, quote, links))
    message.add_alternative(_as_html(paragraphs, quote, links), subtype="html")
    return message


def _subject(promise: Promise, kind: MailKind) -> str:
    what = f"{promise.review.stars}-star review of {promise.review.subject}"
    if kind is MailKind.NOTICE:
        return f"Answer by {_moment(promise.clock.due_at)}: {what}"
    return f"Not answered in time: {what}"


def _paragraphs(promise: Promise, kind: MailKind) -> list[str]:
    review, clock = promise.review, promise.clock
    what = f"A {review.stars}-star review of {review.subject} on {_one_line(review.source_name)}"
    since = "stands unanswered since" if clock.run > 1 else "was published on"
    opening = f"{what} {since} {_moment(clock.anchor_at)}."
    if kind is MailKind.NOTICE:
        return [opening, f"A public answer is due by {_moment(clock.due_at)}."]
    closing = f"A public answer was due by {_moment(clock.due_at)}, and none has been published."
    if clock.provisional:
        closing += (
            " Not all changes up to then could be read yet: should an answer turn out to have been in time, "
            "this is taken back."
        )
    return [opening, closing]


def _as_text(paragraphs: list[str], quote: list[str], links: list[tuple[str, str]]) -> str:
    quoted = "\n>\n".join("\n".join(f"> {line}" for line in part.splitlines()) for part in quote)
    linked = "\n".join(f"{label}: {url}" for label, url in links)
    return "\n\n".join(part for part in (*paragraphs, quoted, linked) if part) + "\n"


def _as_html(paragraphs: list[str], quote: list[str], links: list[tuple[str, str]]) -> str:
    body = [f"<p>{escape(part)}</p>" for part in paragraphs]
    if quote:
        quoted = "".join(f"<p>{'<br>'.join(map(escape, part.splitlines()))}</p>" for part in quote)
        body.append(f"<blockquote>{quoted}</blockquote>")
    body += [f'<p><a href="{escape(url)}">{escape(label)}</a></p>' for label, url in links]
    return f'<!doctype html><html lang="en"><body>{"".join(body)}</body></html>\n'


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def _clean(text: str) -> str:
    """Return a stranger's text without control characters and direction overrides, lines kept."""
    return "".join(
        character if character in _LINE_CHARS or unicodedata.category(character) not in {"Cc", "Cf", "Cs"} else " "
        for character in text
    ).strip()


def _one_line(text: str) -> str:
    """Return a text fit for a header: what would begin another one becomes a space."""
    return " ".join(_clean(text).split())
