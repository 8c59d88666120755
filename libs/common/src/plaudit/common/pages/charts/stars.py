"""How many ratings there are of each number of stars: bars in a table, with counts and shares that add up."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

STARS: Final = 5
_ROW: Final = Markup(
    '<tr><th scope="row">{stars}</th><td class="room"><svg class="bar" aria-hidden="true" focusable="false" '
    'width="100%" height="10"><rect class="whole" width="100%" height="10"/><rect width="{width:g}%" height="10"/>'
    '</svg></td><td class="figure">{share}</td><td class="figure">{count:,}</td></tr>'
)
_TABLE: Final = Markup(
    '<table class="distribution"><caption>{title}</caption><thead class="visually-hidden"><tr>'
    '<th scope="col">Rating</th><td></td><th scope="col">Share</th><th scope="col">Count</th></tr></thead>'
    "<tbody>{rows}</tbody></table>"
)


def distribution(counts: Sequence[int], *, title: str) -> Markup:
    """Return a table of bars, five stars at the top.

    Args:
        counts: of one star, of two, and so on.
        title: what is counted, for example `Ratings of the last 90 days`; the table's caption.

    Raises:
        ValueError: there are not five counts, or one is negative.
    """
    if len(counts) != STARS or min(counts) < 0:
        raise ValueError("a distribution has the counts of one to five stars, none of them negative")
    total = sum(counts)
    rows = (
        _ROW.format(
            stars=f"{stars} star" if stars == 1 else f"{stars} stars",
            width=round(100 * count / total, 2) if total else 0,
            share=share,
            count=count,
        )
        for stars, count, share in zip(range(1, STARS + 1), counts, shares(counts), strict=True)
    )
    return _TABLE.format(title=title, rows=Markup("").join(reversed(list(rows))))


def shares(counts: Sequence[int]) -> list[str]:
    """Return shares in words: whole percents that add up to 100; 0 % is said of none alone, and 100 % of all."""
    total = sum(counts)
    if not total:
        return ["–"] * len(counts)
    return [
        "< 1 %" if count and not whole else "> 99 %" if whole == 100 and count < total else f"{whole} %"
        for count, whole in zip(counts, whole_percents(counts), strict=True)
    ]


def whole_percents(counts: Sequence[int]) -> list[int]:
    """Return shares in whole percent that add up to 100: the largest remainders are rounded up (Hamilton's method)."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    floors = [100 * count // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda n: -(100 * counts[n] % total))
    for n in by_remainder[: 100 - sum(floors)]:
        floors[n] += 1
    return floors
