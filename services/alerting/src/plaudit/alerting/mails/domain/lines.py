"""What a gathered mail lists of a clock: stars, what and where, by when, the time that is left, and one link."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.words import name_of, words_of
from plaudit.alerting.mails.domain.letters import Letter, LetterKind
from plaudit.alerting.mails.domain.words import in_time, left_in_words, link_to, moment, passed
from plaudit.common.delivery.domain.message import Item
from plaudit.common.text import isolated, one_line

KINDS: Final[Mapping[LetterKind, str]] = {
    LetterKind.NOTICE: "new",
    LetterKind.WARNING: "running out of time",
    LetterKind.BREACH: "late",
    LetterKind.RETRACTION: "taken back",
    LetterKind.UNSILENCED: "still due after a silence",
}
"""What a count says of them: `27 late`."""


def item_of(letter: Letter, clock: Clock, *, now: datetime, zone: tzinfo, public_url: str, is_urgent: bool) -> Item:
    """Return what a gathered mail lists of a clock.

    Args:
        letter: which mail it would be by itself.
        clock: as it stands now.
        now: when it leaves, for the time that is left.
        zone: the reader's.
        public_url: the address of Plaudit from outside; empty where it is not known.
        is_urgent: whether it comes before what is not.
    """
    about, run = clock.about, clock.run
    where = "" if about.source_name is None else f" on {isolated(one_line(about.source_name))}"
    link, label = link_to(clock, public_url)
    return Item(
        words=f"{name_of(clock)}{where}",
        kind=KINDS[letter.kind],
        details=_details(letter, clock, now, zone),
        quote=about.title or about.excerpt or "",
        link=link,
        link_label=label,
        at=run.due_at,
        is_urgent=is_urgent,
        data={
            "clock_id": str(clock.id),
            "letter": letter.kind,
            "review_id": about.review_id,
            "subject": about.subject,
            "stars": about.stars,
            "due_at": run.due_at,
            "late_by_seconds": max(0, int((now - run.due_at).total_seconds())),
        },
    )


def _details(letter: Letter, clock: Clock, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    words, due_at = words_of(clock), clock.run.due_at
    stars = () if clock.about.stars is None else ("★" * clock.about.stars + "☆" * (5 - clock.about.stars),)
    if letter.kind is LetterKind.RETRACTION:
        told = f"it {in_time(clock)}"
        return (*stars, told if clock.run.waiting else f"{told}: nothing is left to do")
    stage = (passed(letter),) if letter.kind is LetterKind.WARNING else ()
    return (*stars, f"{words.do} by {moment(due_at, zone)}", *stage, left_in_words(clock.run, now))
