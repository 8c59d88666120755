"""Microsoft Teams by a Workflows webhook: an adaptive card 1.2.

Text stands in `RichTextBlock`s: a `TextRun` is shown as it is, while a `TextBlock` reads Markdown. A message may have
28 KB. A flow that has accepted a message can still fail: sent is not shown.
"""

from typing import Any, Final

import msgspec

from plaudit.common.delivery.domain.bundle import lines_of
from plaudit.common.delivery.domain.message import Content, Item
from plaudit.common.delivery.domain.shapes.disarm import plain
from plaudit.common.delivery.domain.shapes.request import Request

MAX_BODY_BYTES: Final = 28_000
MAX_TITLE_CHARS: Final = 300
MAX_TEXT_CHARS: Final = 6_000
_CARD: Final = "application/vnd.microsoft.card.adaptive"
REFUSING: Final = frozenset({400, 401, 403, 404, 413})


def request_of(content: Content) -> Request:
    """Return what is sent to a workflow; a long text is cut until the card fits."""
    most = MAX_TEXT_CHARS
    body = _body(content, most)
    while len(body) > MAX_BODY_BYTES:
        most //= 2
        body = _body(content, most)
    return Request(body, {"content-type": "application/json; charset=utf-8"}, body)


def _body(content: Content, most: int) -> bytes:
    title = {"type": "TextRun", "text": plain(content.subject, MAX_TITLE_CHARS), "weight": "Bolder", "size": "Medium"}
    runs = _runs(content, most)
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "msteams": {"width": "full"},
        "body": [_rich(title), *(_rich(run) for run in runs)],
    }
    if content.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": content.link_label, "url": content.link}]
    return msgspec.json.encode(
        {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}
    )


def _runs(content: Content, most: int) -> list[dict[str, Any]]:
    listing = content.listing
    if listing is None:
        return [_run(part) for part in plain(content.text, most).split("\n\n") if part.strip()]
    each_most = max(most // max(len(listing.items), 1), 1)
    items = [_item(each, each_most) for each in listing.items]
    return [_run(plain(listing.lead, MAX_TITLE_CHARS)), *items, *([_run(listing.more)] if listing.more else ())]


def _item(item: Item, most: int) -> dict[str, Any]:
    run = _run(plain("\n".join(lines_of(item)), most))
    return {**run, "selectAction": {"type": "Action.OpenUrl", "url": item.link}} if item.link else run


def _run(text: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": text}


def _rich(run: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [run]}
