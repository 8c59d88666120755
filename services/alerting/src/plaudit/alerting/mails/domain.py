"""Mails to the owner of a clock: which there are, whether one is still wanted, and what it says.

A mail is plain text and a simple HTML of the same; it loads nothing and runs nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from html import escape
from typing import Final
from uuid import UUID, uuid5

import msgspec

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.about import is_web_address
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.domain.words import name_of, words_of
from plaudit.alerting.policies.domain import Metric
from plaudit.common.text import clean, cut, isolated, one_line, with_bdi

SENDER_NAME: Final = "Plaudit"
MAX_SUBJECT_CHARS: Final = 150
EMAIL: Final = "email"
CLOCKS: Final = "/console/clocks"
"""The page of all clocks; below it, each has a page at its id."""
REVIEWS: Final = "/console/reviews"
"""The page of all reviews, where answers are recorded; below it, each has a page at its id."""
_SINCE: Final[Mapping[str, str]] = {
    Metric.NEXT_ANSWER: "was added to after our answer, on",
    Metric.FOLLOW_UP: "was answered in public on",
    Metric.RESOLUTION_FIRST: "has not been resolved since",
    Metric.RESOLUTION_TOTAL: "has not been resolved since",
}
UNTOLD: Final = "Plaudit cannot see answers that are given there: once it is answered, record the answer in Plaudit."


class MailKind(StrEnum):
    """What a mail is about."""

    NOTICE = "notice"
    """A run has begun: an answer is due."""
    BREACH = "breach"


class Mail(msgspec.Struct, frozen=True, gc=False):
    """One mail about one change of a clock, to one recipient."""

    tenant_id: str
    id: UUID
    clock_id: UUID
    generation: int
    """Of the clock's run that the mail is about."""
    kind: str
    recipient: str
    channel: str = EMAIL
    state: str = "pending"
    attempts: int = 0


def mail_about(clock: Clock, kind: MailKind, recipient: str) -> Mail:
    """Return the mail about a run; its id is the same each time, so that it is written once."""
    return Mail(
        tenant_id=clock.tenant_id,
        id=uuid5(clock.id, f"{clock.run.number}\n{kind}\n{EMAIL}\n{recipient}"),
        clock_id=clock.id,
        generation=clock.run.generation,
        kind=kind,
        recipient=recipient,
    )


def is_wanted(mail: Mail, clock: Clock) -> bool:
    """Say whether what a mail tells is still so: the same run, that waits, and a notice only before the due time."""
    run = clock.run
    wanted = State.BREACHED if mail.kind == MailKind.BREACH else State.RUNNING
    return mail.generation == run.generation and run.waiting and run.state is wanted


def compose(clock: Clock, mail: Mail, *, sender: str, sent_at: datetime, public_url: str) -> EmailMessage:
    """Return the message of a mail.

    Args:
        clock: as it stands now.
        mail: its id makes the Message-ID, the same at each attempt, so that a repeated mail can be recognised.
        sender: address that it comes from.
        sent_at: for the header `Date`.
        public_url: the address of Plaudit from outside; empty where it is not known, and no page is linked to.

    Raises:
        ValueError: a kind or an address that cannot be used.
    """
    kind = MailKind(mail.kind)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(SENDER_NAME, addr_spec=sender)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = cut(one_line(_subject(clock, kind)), MAX_SUBJECT_CHARS)
    message["Date"] = sent_at
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    # RFC 3834: asks for no automatic reply.
    message["Auto-Submitted"] = "auto-generated"
    paragraphs = _paragraphs(clock, kind)
    quote = [clean(part).strip() for part in (clock.about.title, clock.about.excerpt) if part]
    console = public_url.rstrip("/")
    links = [("The review", clock.about.url or ""), ("The clock", f"{console}{CLOCKS}/{clock.id}")]
    if not clock.is_told:
        links.insert(1, ("Record the answer", f"{console}{REVIEWS}/{clock.about.review_id}"))
    links = [(label, url) for label, url in links if is_web_address(url)]
    message.set_content(_as_text(paragraphs, quote, links))
    message.add_alternative(_as_html(paragraphs, quote, links), subtype="html")
    return message


def moment(at: datetime) -> str:
    """Return an instant for people: `2 March 2026, 09:00 UTC`."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def _subject(clock: Clock, kind: MailKind) -> str:
    words = words_of(clock)
    if kind is MailKind.NOTICE:
        return f"{words.do} by {moment(clock.run.due_at)}: {name_of(clock)}"
    return f"{words.late[0].upper()}{words.late[1:]}: {name_of(clock)}"


def _paragraphs(clock: Clock, kind: MailKind) -> list[str]:
    words, run = words_of(clock), clock.run
    opening = _opening(clock)
    what = f"{words.due[0].upper()}{words.due[1:]}"
    if kind is MailKind.NOTICE:
        due = f"{what} is due by {moment(run.due_at)}."
        return [opening, due] if clock.is_told else [opening, due, UNTOLD]
    closing = f"{what} was due by {moment(run.due_at)}, and {words.missing}."
    if run.provisional:
        closing += (
            " Not all reviews written up to then could be read yet. If an answer turns out to have been in time, "
            "this is taken back."
        )
    return [opening, closing]


def _opening(clock: Clock) -> str:
    about, run = clock.about, clock.run
    what = f"A {name_of(clock)}" if about.stars is not None else name_of(clock)
    if about.source_name is not None:
        what += f" on {isolated(one_line(about.source_name))}"
    since = _SINCE.get(clock.metric, "has waited since")
    if clock.metric == Metric.FIRST_ANSWER:
        since = "has been without an answer since" if run.number > 1 else "was published on"
    return f"{what} {since} {moment(run.anchor_at)}."


def _as_text(paragraphs: list[str], quote: list[str], links: list[tuple[str, str]]) -> str:
    quoted = "\n>\n".join("\n".join(f"> {line}" for line in part.splitlines()) for part in quote)
    linked = "\n".join(f"{label}: {url}" for label, url in links)
    return "\n\n".join(part for part in (*paragraphs, quoted, linked) if part) + "\n"


def _as_html(paragraphs: list[str], quote: list[str], links: list[tuple[str, str]]) -> str:
    body = [f"<p>{with_bdi(escape(part))}</p>" for part in paragraphs]
    if quote:
        quoted = "".join(f'<p dir="auto">{"<br>".join(map(escape, part.splitlines()))}</p>' for part in quote)
        body.append(f"<blockquote>{quoted}</blockquote>")
    body += [f'<p><a href="{escape(url)}">{escape(label)}</a></p>' for label, url in links]
    return f'<!doctype html><html lang="en"><body>{"".join(body)}</body></html>\n'
