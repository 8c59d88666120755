"""Slack's incoming webhooks. Limits: api.slack.com/reference/block-kit, of 2026.

Only `plain_text` objects hold words of strangers: Slack reads no markup in them. The fallback `text` is read as markup,
so its three control characters are escaped.
"""

from typing import Any, Final

import msgspec

from plaudit.common.delivery.domain.bundle import lines_of
from plaudit.common.delivery.domain.message import Content, Item
from plaudit.common.delivery.domain.shapes.disarm import plain
from plaudit.common.delivery.domain.shapes.request import Request

MAX_HEADER_CHARS: Final = 150
MAX_SECTION_CHARS: Final = 3_000
MAX_FALLBACK_CHARS: Final = 3_000
MAX_BUTTON_CHARS: Final = 75
MAX_LINK_CHARS: Final = 3_000
MAX_SECTIONS: Final = 40
"""Of 50 blocks in a message; a header and a button are beside them."""
REFUSING: Final = frozenset({400, 403, 404})
"""Statuses by which Slack refuses a message, an address or a channel for good: invalid_payload, no_service …"""


def request_of(content: Content) -> Request:
    """Return what is sent to an incoming webhook."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(content.subject, MAX_HEADER_CHARS)},
        *_body(content),
    ]
    if content.link and len(content.link) <= MAX_LINK_CHARS:
        label = _plain(content.link_label, MAX_BUTTON_CHARS)
        blocks.append({"type": "actions", "elements": [{"type": "button", "text": label, "url": content.link}]})
    body = msgspec.json.encode(
        {
            "text": escaped(plain(f"{content.subject}\n{content.text}", MAX_FALLBACK_CHARS)),
            "blocks": blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }
    )
    return Request(body, {"content-type": "application/json; charset=utf-8"}, body)


def escaped(text: str) -> str:
    """Return a text whose control characters Slack shows and does not read."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _body(content: Content) -> list[dict[str, Any]]:
    listing = content.listing
    if listing is None:
        return [_section(part) for part in _sections(content.text)]
    items = [_item(each) for each in listing.items]
    return [_section(listing.lead), *items, *([_section(listing.more)] if listing.more else ())]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, MAX_SECTION_CHARS)}


def _item(item: Item) -> dict[str, Any]:
    section = _section("\n".join(lines_of(item)))
    if item.link and len(item.link) <= MAX_LINK_CHARS:
        label = _plain(item.link_label, MAX_BUTTON_CHARS)
        section["accessory"] = {"type": "button", "text": label, "url": item.link}
    return section


def _plain(text: str, most: int) -> dict[str, Any]:
    # Empty texts are refused by Slack.
    return {"type": "plain_text", "text": plain(text, most).strip() or "–", "emoji": False}


def _sections(text: str) -> list[str]:
    parts = [part for part in text.split("\n\n") if part.strip()]
    if len(parts) > MAX_SECTIONS:
        parts = [*parts[: MAX_SECTIONS - 1], "\n\n".join(parts[MAX_SECTIONS - 1 :])]
    return parts
