"""Where everybody finds the score of a subject, and what to paste into a page to show it there."""

from html import escape
from typing import Final, NamedTuple
from urllib.parse import urlencode

from plaudit.scoring.badges.domain.badge import Badge

BADGES: Final = "/badges"
HOW: Final = "/scores/how"
WIDE: Final = (380, 124)
"""Width and height of the badge in pixels."""
COMPACT: Final = (410, 36)
FRAME: Final = (380, 420)
"""Of the frame around the page."""


class Addresses(NamedTuple):
    """The addresses of one badge."""

    image: str
    page: str
    data: str
    how: str
    """Says how the score is calculated, with the figures of the subject."""


def addresses(origin: str, badge: Badge, profile: str) -> Addresses:
    """Return the addresses of a badge at an origin, which has no slash at its end."""
    place = f"{origin}{BADGES}/{badge.tenant_id}/{badge.subject}"
    how = how_address(origin, profile, how_query(badge))
    return Addresses(f"{place}.svg", f"{place}.html", f"{place}.json", how)


def how_query(badge: Badge) -> str:
    """Return the query of the page that says how scores are calculated, with the figures of a badge's subject."""
    return urlencode({"tenant": badge.tenant_id, "subject": badge.subject})


def how_address(origin: str, profile: str, query: str) -> str:
    """Return the address of that page for a profile; without a query, it has an example of nobody."""
    return f"{origin}{HOW}/{profile}{'?' if query else ''}{query}"


def image_snippet(badge: Badge, at: Addresses, *, is_compact: bool = False) -> str:
    """Return HTML that shows the badge and leads to its page."""
    width, height = COMPACT if is_compact else WIDE
    source = f"{at.image}?size=compact" if is_compact else at.image
    return (
        f'<a href="{escape(at.page)}"><img src="{escape(source)}" width="{width}" height="{height}" '
        f'alt="Reviews of {escape(badge.name)}"></a>'
    )


def frame_snippet(badge: Badge, at: Addresses) -> str:
    """Return HTML that shows the page in a frame."""
    width, height = FRAME
    return (
        f'<iframe src="{escape(at.page)}" title="Reviews of {escape(badge.name)}" width="{width}" height="{height}" '
        'loading="lazy"></iframe>'
    )
