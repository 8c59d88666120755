"""Microsoft Teams by a Workflows webhook: an adaptive card 1.2.

Text stands in `RichTextBlock`s: a `TextRun` is shown as it is, while a `TextBlock` reads Markdown. A message may have
28 KB. A flow that has accepted a message can still fail: sent is not shown.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from plaudit.common.delivery.domain.bundle import lines_of
from plaudit.common.delivery.domain.message import Content, Item, Listing
from plaudit.common.delivery.domain.shapes.disarm import disarmed, plain
from plaudit.common.delivery.domain.shapes.request import Request
from plaudit.common.text import one_line, shortened

MAX_BODY_BYTES: Final = 28_000
MAX_TITLE_CHARS: Final = 300
MAX_TEXT_CHARS: Final = 6_000
MAX_PARAGRAPHS: Final = 40
"""Of a text; what is beyond them stands in the last one."""
MIN_ITEM_CHARS: Final = 100
"""Of an item, before whole ones are left out."""
MAX_LINK_CHARS: Final = 2_000
MAX_LABEL_CHARS: Final = 75
CUT: Final = "This is not all of it: the rest is in Plaudit."
_CARD: Final = "application/vnd.microsoft.card.adaptive"
REFUSING: Final = frozenset({400, 401, 403, 404, 413})


def request_of(content: Content) -> Request:
    """Return what is sent to a workflow. What does not fit is shortened, or left out as a whole and said to be."""
    body = _text_body(content) if content.listing is None else _listing_body(content, content.listing)
    return Request(body, {"content-type": "application/json; charset=utf-8"}, body)


def _text_body(content: Content) -> bytes:
    """Return the longest card of a text that fits; one without any text does."""
    text, most = disarmed(content.text), MAX_TEXT_CHARS
    while True:
        is_cut = len(text) > most
        shown = _paragraphs(shortened(text, most) if most else "")
        body = _body(content, [*shown, *([CUT] if is_cut else ())])
        if len(body) <= MAX_BODY_BYTES or not most:
            return body
        most //= 2


def _listing_body(content: Content, listing: Listing) -> bytes:
    """Return the card of all items, shortened alike until they fit; of as many as fit where that is not enough."""
    lead, more = plain(listing.lead, MAX_TITLE_CHARS), plain(listing.more, MAX_TITLE_CHARS)
    most = max(MAX_TEXT_CHARS // max(len(listing.items), 1), MIN_ITEM_CHARS)
    items = list(listing.items)
    while True:
        is_cut = len(items) < len(listing.items)
        end = CUT if is_cut else more
        body = _body(content, [lead, *(_item(each, most) for each in items), *([end] if end else ())])
        if len(body) <= MAX_BODY_BYTES or not items:
            return body
        if most > MIN_ITEM_CHARS:
            most = max(most // 2, MIN_ITEM_CHARS)
        else:
            items.pop()


def _body(content: Content, runs: Sequence[str | dict[str, Any]]) -> bytes:
    title = {"type": "TextRun", "text": plain(content.subject, MAX_TITLE_CHARS), "weight": "Bolder", "size": "Medium"}
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "msteams": {"width": "full"},
        "body": [_rich(title), *(_rich(_run(run) if isinstance(run, str) else run) for run in runs)],
    }
    if content.link and len(content.link) <= MAX_LINK_CHARS:
        label = shortened(one_line(content.link_label), MAX_LABEL_CHARS)
        card["actions"] = [{"type": "Action.OpenUrl", "title": label, "url": content.link}]
    return msgspec.json.encode(
        {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}
    )


def _paragraphs(text: str) -> list[str]:
    found = [part for part in text.split("\n\n") if part.strip()]
    if len(found) > MAX_PARAGRAPHS:
        found = [*found[: MAX_PARAGRAPHS - 1], "\n\n".join(found[MAX_PARAGRAPHS - 1 :])]
    return found


def _item(item: Item, most: int) -> dict[str, Any]:
    run = _run(plain("\n".join(lines_of(item)), most))
    has_link = 0 < len(item.link) <= MAX_LINK_CHARS
    return {**run, "selectAction": {"type": "Action.OpenUrl", "url": item.link}} if has_link else run


def _run(text: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": text}


def _rich(run: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [run]}
