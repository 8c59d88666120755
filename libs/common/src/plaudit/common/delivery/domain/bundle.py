"""What a gathered message says: how many things of which kind, the first of them, and where the others are.

Text of strangers is escaped wherever it stands, and keeps its own direction.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup, escape

from plaudit.common.delivery.domain.message import Channel, Content, Item, Listing
from plaudit.common.mail import look
from plaudit.common.text import clean, isolated, one_line, shortened, with_bdi

MAX_ITEMS: Final[Mapping[str, int]] = {
    Channel.EMAIL: 100,
    Channel.CONSOLE: 100,
    Channel.SLACK: 30,
    Channel.TEAMS: 15,
    Channel.WEBHOOK: 20,
}
"""Listed in one message: Slack takes 50 blocks, Teams 28 KB, and a webhook should have less than 20 KB."""
MAX_WORDS_CHARS: Final = 160
MAX_DETAIL_CHARS: Final = 80
MAX_QUOTE_CHARS: Final = 140
"""Of what a stranger wrote."""
_FAR: Final = datetime.max.replace(tzinfo=UTC)
_LINK: Final = "color:#1f5a85"


class Gathered:
    """Counts items and keeps the first ones, so that any number of them takes little memory."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self.total = 0
        self._most = most
        self._kinds: Counter[str] = Counter()
        self._urgent = 0
        self._first: list[tuple[tuple[Any, ...], Item]] = []

    def add(self, items: Iterable[tuple[str, Item]]) -> None:
        """Take items, each with a text that settles the order of what is due at the same time."""
        fresh = [((not each.is_urgent, each.at or _FAR, tie), each) for tie, each in items]
        self.total += len(fresh)
        self._kinds.update(each.kind for _, each in fresh)
        self._urgent += sum(each.is_urgent for _, each in fresh)
        self._first = heapq.nsmallest(self._most, [*self._first, *fresh], key=lambda each: each[0])

    @property
    def listed(self) -> tuple[Item, ...]:
        """The first of them: urgent ones, then what is due first."""
        return tuple(item for _, item in self._first)

    @property
    def urgent(self) -> str:
        """How many of them are urgent, as it stands behind their number: `, 2 urgent`; empty where none is."""
        return f", {self._urgent:,} urgent" if self._urgent else ""

    @property
    def counts(self) -> str:
        """How many there are of which kind: `27 late, 90 to answer`."""
        kinds = sorted(self._kinds.items(), key=lambda each: (-each[1], each[0]))
        return ", ".join(f"{number:,} {kind}" for kind, number in kinds)


def bundle_content(gathered: Gathered, link: str, link_label: str) -> Content:
    """Return what a gathered message says.

    Args:
        gathered: at least two items.
        link: where all of them are; empty where that is not known.
        link_label: what the link says.
    """
    items = tuple(_limited(each) for each in gathered.listed)
    missing = gathered.total - len(items)
    where = f", in the list below: {link_label}" if link else ""
    more = f"And {missing:,} more{where}." if missing else ""
    subject = f"{gathered.total:,} at once{gathered.urgent}: {gathered.counts}"
    lead = f"{gathered.total:,} things came within a short time{gathered.urgent}: {gathered.counts}."
    listing = Listing(lead, items, more)
    return Content(
        subject=one_line(subject),
        text=_as_text(listing),
        html=_as_html(subject, listing, link, link_label),
        data={
            "total": gathered.total,
            "listed": len(items),
            "items": [
                {**each.data, "kind": each.kind, "words": each.words, "at": each.at, "link": each.link or None}
                for each in items
            ],
        },
        link=link,
        link_label=link_label,
        listing=listing,
    )


def lines_of(item: Item) -> list[str]:
    """Return what stands of an item in any text: what it is, what is known, and what was written."""
    known = " · ".join((item.kind, *item.details))
    return [item.words, known, *([isolated(f"“{item.quote}”")] if item.quote else ())]


def _limited(item: Item) -> Item:
    """Return an item of bounded length; where a text is cut, an ellipsis says so."""
    return Item(
        words=shortened(item.words, MAX_WORDS_CHARS),
        kind=item.kind,
        details=tuple(shortened(each, MAX_DETAIL_CHARS) for each in item.details),
        quote=shortened(one_line(clean(item.quote)), MAX_QUOTE_CHARS),
        link=item.link,
        link_label=item.link_label,
        at=item.at,
        is_urgent=item.is_urgent,
        data=item.data,
    )


def _as_text(listing: Listing) -> str:
    listed = [
        "\n".join((f"{number}. {first}", *(f"   {line}" for line in (*rest, *([item.link] if item.link else ())))))
        for number, item in enumerate(listing.items, start=1)
        for first, *rest in (lines_of(item),)
    ]
    return "\n\n".join(part for part in (listing.lead, *listed, listing.more) if part)


def _as_html(heading: str, listing: Listing, link: str, link_label: str) -> str:
    body = [
        look.heading(heading),
        look.paragraph(listing.lead),
        Markup('<ol style="margin:0 0 16px;padding-inline-start:28px">{}</ol>').format(
            Markup("").join(_item(each) for each in listing.items)
        ),
    ]
    if listing.more:
        body.append(Markup('<p style="margin:0 0 16px"><strong>{}</strong></p>').format(listing.more))
    if link:
        body.append(look.button(link, link_label))
    return look.page(Markup("").join(body))


def _item(item: Item) -> Markup:
    words, known, *_ = lines_of(item)
    colour = "#a3262a" if item.is_urgent else look.SOFT
    parts = [
        Markup("<strong>{}</strong>").format(_isolating(words)),
        Markup('<br><span style="color:{}">{}</span>').format(colour, _isolating(known)),
    ]
    if item.quote:
        parts.append(
            Markup(
                '<br><span dir="auto" style="display:block;margin:2px 0;padding:2px 10px;background:#f5f4f0">{}</span>'
            ).format(item.quote)
        )
    if item.link:
        gap = Markup("") if item.quote else Markup("<br>")
        parts.append(Markup('{}<a href="{}" style="{}">{}</a>').format(gap, item.link, _LINK, item.link_label))
    return Markup('<li style="margin:0 0 12px">{}</li>').format(Markup("").join(parts))


def _isolating(words: str) -> Markup:
    """Return a line of ours, escaped, in which foreign parts keep their direction."""
    return Markup(with_bdi(str(escape(words))))  # noqa: S704 - it is escaped before
