"""What a mail about a clock says: what is due, the review's words, its history with us, the time that is left.

There is one button: to the page on which exactly that review is answered, while an answer is due. Of a bad review there
is more, which helps to answer it (`aid.py`), with a link to the page that checks a draft. Text of strangers is escaped
wherever it stands, and keeps its own direction.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

import msgspec
from markupsafe import Markup, escape

from plaudit.alerting.clocks.domain.about import AboutKind, is_web_address
from plaudit.alerting.clocks.domain.clock import FIRST, Clock
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.clocks.domain.words import name_of, words_of
from plaudit.alerting.mails.domain.aid import CHECK, NO_AID, Aid, as_html, as_text
from plaudit.alerting.mails.domain.letters import Letter, LetterKind
from plaudit.alerting.people.domain import Owner
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.delivery.domain.message import Content
from plaudit.common.mail.look import button, page
from plaudit.common.text import clean, isolated, one_line, with_bdi
from plaudit.common.time_zones import in_words, zone_of

DESK: Final = "/console/desk"
"""The page of what is due; below it, each clock has a page at its id."""
REVIEWS: Final = "/console/reviews"
"""The page of all reviews; below it, each has a page at its id."""
ANSWERS: Final = "/console/answers"
"""The page of all answers; below it, each review has a page on which it is answered, at the review's id."""
INCIDENTS: Final = "/console/incidents"
"""The page of all incidents; below it, each has a page at its id."""
UNTOLD: Final = "Plaudit cannot see answers that are given there: once it is answered, record the answer in Plaudit."
PROVISIONAL: Final = (
    "Not all reviews written up to then could be read yet. If an answer turns out to have been in time, this is taken "
    "back."
)
IN_TIME: Final = "We said that it was late. It was in time, and we learned that late: nothing is left to do."
NOT_LATE: Final = (
    "We said that it was late. The instant that the time counts from was corrected since: by the new one it is not."
)
SILENCE_ENDED: Final = "The silence has ended"
MAX_HISTORY: Final = 8
"""Entries that a mail shows, the last ones."""
_MINUTE: Final = timedelta(minutes=1)
_SINCE: Final[Mapping[str, str]] = {
    Metric.NEXT_ANSWER: "was added to after our answer, on",
    Metric.FOLLOW_UP: "was answered in public on",
    Metric.RESOLUTION_FIRST: "has not been resolved since",
    Metric.RESOLUTION_TOTAL: "has not been resolved since",
    Metric.STATUTORY: "is a data breach that has been known since",
}
ANSWERED: Final = frozenset((Metric.FIRST_ANSWER, Metric.NEXT_ANSWER))
"""What a public answer fulfils."""
GOOD: Final = "#2f6f4f"
BAD: Final = "#a3262a"
_LOOKS: Final = {
    LetterKind.NOTICE: GOOD,
    LetterKind.WARNING: "#8a6100",
    LetterKind.BREACH: BAD,
    LetterKind.RETRACTION: GOOD,
    LetterKind.UNSILENCED: "#8a6100",
}
NONE_LEFT: Final = timedelta()
_UNITS: Final = {"h": "hours", "min": "minutes", "s": "seconds"}


class Telling(msgspec.Struct, frozen=True):
    """Why a mail about a clock or an alert is sent, and what is known at a glance."""

    subject: str
    """What it tells, in one line."""
    thread_subject: str
    """The header's: the same in all mails about a clock or an alert, so that they are one conversation."""
    heading: str
    look: str
    """The colour of what stands out."""
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """Label, words."""
    data: Mapping[str, Any]
    """For programs."""


def content_of(
    letter: Letter,
    clock: Clock,
    *,
    now: datetime,
    owner: Owner,
    public_url: str,
    history: Sequence[tuple[datetime, str]] = (),
    aid: Aid = NO_AID,
) -> Content:
    """Return what a mail says.

    Args:
        letter: which mail it is.
        clock: as it stands now.
        now: when it leaves, for the time that is left.
        owner: who reads it, in their zone.
        public_url: the address of Plaudit from outside; empty where it is not known.
        history: what happened with the review before, each with its time, the oldest first.
        aid: what helps to answer the review.
    """
    zone = zone_of(owner.zone)
    telling = Telling(
        subject=_subject(letter, clock, zone),
        thread_subject=thread_subject_of(clock),
        heading=_heading(letter, clock, zone),
        look=_LOOKS[letter.kind],
        paragraphs=tuple(_paragraphs(letter, clock, zone)),
        facts=tuple(facts_of(clock, now, zone, is_over=letter.kind is LetterKind.RETRACTION)),
        data={"clock_id": str(clock.id), "kind": letter.kind},
    )
    return composed(telling, clock, zone=zone, owner=owner.name, public_url=public_url, history=history, aid=aid)


def composed(
    telling: Telling,
    clock: Clock,
    *,
    zone: tzinfo,
    owner: str,
    public_url: str,
    history: Sequence[tuple[datetime, str]] = (),
    aid: Aid = NO_AID,
) -> Content:
    """Return a mail about a clock: what is told of it, the review's words, and what helps to answer it.

    Args:
        telling: why it is sent, and what is known at a glance.
        clock: as it stands now.
        zone: the reader's.
        owner: the name of the person who answers for it.
        public_url: the address of Plaudit from outside; empty where it is not known.
        history: what happened with the review before, each with its time, the oldest first.
        aid: what helps to answer the review.
    """
    return laid_out(
        telling,
        (clock.about.title, clock.about.excerpt),
        link_to(clock, public_url),
        zone=zone,
        owner=owner,
        public_url=public_url,
        history=history,
        aid=aid,
    )


def laid_out(
    telling: Telling,
    words: Sequence[str | None],
    link_and_label: tuple[str, str],
    *,
    zone: tzinfo,
    owner: str,
    public_url: str,
    history: Sequence[tuple[datetime, str]] = (),
    aid: Aid = NO_AID,
) -> Content:
    """Return a mail, plain and styled; arguments beside these as of `composed`.

    Args:
        telling: why it is sent, and what is known at a glance.
        words: of the customer, part by part.
        link_and_label: the one link, and its words; both empty where there is none.
        zone: the reader's.
        owner: the name of the person who answers for it.
        public_url: the address of Plaudit from outside; empty where it is not known.
        history: what happened before.
        aid: what helps to answer the review.
    """
    facts = [*telling.facts, ("Owner", isolated(one_line(owner)))]
    paragraphs = list(telling.paragraphs)
    quote = [clean(part).strip() for part in words if part]
    told = [(moment(at, zone), event) for at, event in history[-MAX_HISTORY:]]
    link, label = link_and_label
    check_url = _check_url(public_url)
    return Content(
        subject=one_line(telling.subject),
        thread_subject=one_line(telling.thread_subject),
        text=_as_text(paragraphs, facts, quote, told, as_text(aid, zone, check_url)),
        html=_as_html(telling, facts, quote, told, link, label, as_html(aid, zone, check_url)),
        link=link,
        link_label=label,
        data=dict(telling.data),
    )


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """Return an instant for people: `2 March 2026, 10:00 CET`."""
    return in_words(at, zone)


def left_in_words(run: Run, now: datetime) -> str:
    """Return how much time a run has left, or by how much it is late; in a pause no time passes."""
    left = run.due_at - run.stands_at(now)
    return f"late by {duration(left)}" if left <= NONE_LEFT else f"{duration(left)} left"


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units: `2 d 3 h`, `5 h 10 min`, `< 1 min`."""
    minutes = abs(length) // _MINUTE
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "< 1 min"


def _subject(letter: Letter, clock: Clock, zone: tzinfo) -> str:
    words, run = words_of(clock), clock.run
    match letter.kind:
        case LetterKind.NOTICE:
            return f"{words.do} by {moment(run.due_at, zone)}: {name_of(clock)}"
        case LetterKind.WARNING:
            return f"{passed(letter)}: {name_of(clock)}"
        case LetterKind.BREACH:
            return f"{_sentence(words.late)}: {name_of(clock)}"
        case LetterKind.UNSILENCED:
            return f"{SILENCE_ENDED}: {words.do} by {moment(run.due_at, zone)}: {name_of(clock)}"
        case _:
            return f"Taken back, it {in_time(clock)}: {name_of(clock)}"


def in_time(clock: Clock) -> str:
    """Return how it stands with what was said to be late: one whose anchor was corrected may still run."""
    return "is not late" if clock.metric == Metric.STATUTORY and clock.run.waiting else "was in time"


def passed(letter: Letter) -> str:
    """Return how much of the time has passed, of a warning."""
    if letter.percent:
        return f"{letter.percent} % of the time has passed"
    number = letter.after.rstrip("hmins")
    return f"{number} {_UNITS.get(letter.after.removeprefix(number), '')} have passed"


def _paragraphs(letter: Letter, clock: Clock, zone: tzinfo) -> list[str]:
    words, run = words_of(clock), clock.run
    what = _sentence(words.due)
    opening = opening_of(clock, zone)
    untold = [] if clock.is_told else [UNTOLD]
    match letter.kind:
        case LetterKind.NOTICE | LetterKind.WARNING | LetterKind.UNSILENCED:
            return [opening, f"{what} is due by {moment(run.due_at, zone)}.", *untold]
        case LetterKind.BREACH:
            provisional = [PROVISIONAL] if run.provisional else []
            return [opening, f"{what} was due by {moment(run.due_at, zone)}, and {words.missing}.", *provisional]
        case _:
            return [opening, NOT_LATE if clock.metric == Metric.STATUTORY else IN_TIME]


def opening_of(clock: Clock, zone: tzinfo) -> str:
    """Return what a clock is about, and since when it waits, as a sentence."""
    about, run = clock.about, clock.run
    what = f"A {name_of(clock)}" if about.stars is not None else _sentence(name_of(clock))
    if about.source_name is not None:
        what += f" on {isolated(one_line(about.source_name))}"
    since = _SINCE.get(clock.metric, "has waited since")
    if clock.metric == Metric.FIRST_ANSWER:
        since = "has been without an answer since" if run.number > 1 else "was published on"
    if clock.metric == Metric.INCIDENT_UPDATE:
        since = "was opened on" if clock.instance == FIRST else "had its last update on"
    return f"{what} {since} {moment(run.anchor_at, zone)}."


def facts_of(clock: Clock, now: datetime, zone: tzinfo, *, is_over: bool) -> list[tuple[str, str]]:
    """Return what is known of a clock at a glance: label, words; no time that is left of one that is over."""
    about, run = clock.about, clock.run
    facts = [("Rating", _stars(about.stars))] if about.stars is not None else []
    facts.append(("Subject", about.subject))
    if about.source_name is not None:
        facts.append(("Where", isolated(one_line(about.source_name))))
    facts.append(("Due", moment(run.due_at, zone)))
    if not is_over:
        left = run.due_at - run.stands_at(now)
        facts.append(("Late by" if left <= NONE_LEFT else "Left", duration(left)))
    return facts


def link_to(clock: Clock, public_url: str) -> tuple[str, str]:
    """Return the one link, and its words: the page of what it is about, else that of the clock, else the review."""
    console = public_url.rstrip("/")
    if clock.about.kind == AboutKind.INCIDENT and is_web_address(page := f"{console}{INCIDENTS}/{clock.about.id}"):
        return page, "Open the incident"
    path, label = page_of(clock)
    if console and is_web_address(url := f"{console}{path}"):
        return url, label
    if clock.about.url and is_web_address(clock.about.url):
        return clock.about.url, "Open the review"
    return "", ""


def page_of(clock: Clock) -> tuple[str, str]:
    """Return the console's page on which something is done about a clock, and how it is called.

    While an answer is due that is where one answers; for a follow-up, and when nothing is due, it is the review.
    """
    if not clock.about.review_id:
        return f"{DESK}/{clock.id}", "Open the clock"
    return review_page(clock.about.review_id, to_answer=clock.run.waiting and clock.metric in ANSWERED)


def review_page(review_id: str, *, to_answer: bool) -> tuple[str, str]:
    """Return the console's page of a review, or that on which one answers it, and how it is called."""
    if to_answer:
        return f"{ANSWERS}/{review_id}#selected", "Answer this review"
    return f"{REVIEWS}/{review_id}", "Open the review"


def _check_url(public_url: str) -> str:
    url = f"{public_url.rstrip('/')}{CHECK}"
    return url if is_web_address(url) else ""


def _stars(number: int) -> str:
    return f"{'★' * number}{'☆' * (5 - number)} {number} of 5"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _as_text(
    paragraphs: list[str],
    facts: list[tuple[str, str]],
    quote: list[str],
    history: list[tuple[str, str]],
    aid: list[str],
) -> str:
    quoted = "\n>\n".join("\n".join(f"> {line}" for line in part.splitlines()) for part in quote)
    known = "\n".join(f"{label}: {words}" for label, words in facts)
    told = "\n".join(("Before:", *(f"- {at}: {words}" for at, words in history))) if history else ""
    return "\n\n".join(part for part in (*paragraphs, quoted, known, told, *aid) if part)


def _as_html(
    telling: Telling,
    facts: list[tuple[str, str]],
    quote: list[str],
    history: list[tuple[str, str]],
    link: str,
    label: str,
    aid: Markup,
) -> str:
    look = telling.look
    body = [
        Markup('<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">{}</h1>').format(telling.heading),
        *(Markup('<p style="margin:0 0 12px">{}</p>').format(_isolating(part)) for part in telling.paragraphs),
    ]
    if quote:
        lines = Markup("").join(
            Markup('<p dir="auto" style="margin:0 0 8px">{}</p>').format(
                Markup("<br>").join(map(escape, part.splitlines()))
            )
            for part in quote
        )
        style = f"margin:16px 0;padding:12px 16px 4px;border-inline-start:4px solid {look};background:#f5f4f0"
        body.append(Markup('<blockquote style="{}">{}</blockquote>').format(style, lines))
    rows = Markup("").join(
        Markup(
            '<tr><th scope="row" style="padding:2px 16px 2px 0;text-align:start;font-weight:400;color:#5c5a54">{}</th>'
            '<td style="padding:2px 0">{}</td></tr>'
        ).format(name, _isolating(words))
        for name, words in facts
    )
    body.append(Markup('<table role="presentation" style="margin:0 0 16px;font-size:15px">{}</table>').format(rows))
    if link:
        body.append(button(link, label, look))
    if history:
        told = Markup("").join(Markup("<li>{}: {}</li>").format(at, _isolating(words)) for at, words in history)
        body.append(
            Markup(
                '<h2 style="margin:0 0 6px;font-size:15px">Before</h2>'
                '<ul style="margin:0;padding-inline-start:20px;font-size:14px;color:#3d3b36">{}</ul>'
            ).format(told)
        )
    body.append(aid)
    return page(Markup("").join(body))


def thread_subject_of(clock: Clock) -> str:
    """Return the subject of all mails about a clock: `Answer: 1-star review of acme/berlin`."""
    return f"{words_of(clock).do}: {name_of(clock)}"


def _heading(letter: Letter, clock: Clock, zone: tzinfo) -> str:
    words = words_of(clock)
    return {
        LetterKind.NOTICE: f"{words.do} by {moment(clock.run.due_at, zone)}",
        LetterKind.WARNING: passed(letter),
        LetterKind.BREACH: f"{_sentence(words.late)}",
        LetterKind.RETRACTION: f"Taken back: it {in_time(clock)}",
        LetterKind.UNSILENCED: f"{SILENCE_ENDED}, and this is still due",
    }[letter.kind]


def _isolating(words: str) -> Markup:
    """Return a line of ours, escaped, in which foreign parts keep their direction."""
    return Markup(with_bdi(str(escape(words))))  # noqa: S704 - it is escaped before
