"""Small charts: one line in the height of a word, and several of one scale below each other."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from plaudit.common.pages.charts.paths import path_through
from plaudit.common.pages.charts.scale import number
from plaudit.common.pages.charts.values import MAX_POINTS, Series

_WIDTH: Final = 100
_HEIGHT: Final = 24
_MARGIN: Final = 3
"""Room for half of the line and of the point at its end."""
_SPARKLINE: Final = Markup(
    '<svg class="sparkline" role="img" aria-label="{summary}" width="{width}" height="{height}" '
    'viewBox="0 0 {width} {height}">{path}{end}</svg>'
)
_NO_ADDRESSES: Final[Mapping[str, str]] = MappingProxyType({})


def sparkline(values: Sequence[float | None], summary: str, *, bounds: tuple[float, float] | None = None) -> Markup:
    """Return a line without axis, in the height of a word, with a point at its end.

    Args:
        values: an equal distance apart; None where there is none, which interrupts the line.
        summary: what it shows, in words, for those who do not see it.
        bounds: lowest and highest value of the scale; otherwise those of the values.

    Raises:
        ValueError: there are too many values, or one is outside of the bounds.
    """
    there = [value for value in values if value is not None]
    low, high = bounds or (min(there, default=0.0), max(there, default=0.0))
    if len(values) > MAX_POINTS:
        raise ValueError(f"{len(values)} are more than {MAX_POINTS} points: take wider steps")
    if not all(low <= value <= high for value in there):
        raise ValueError(f"a value is not within the bounds {low:g} and {high:g}")
    places = [None if value is None else _place(n, len(values), value, low, high) for n, value in enumerate(values)]
    pieces = _pieces(places)
    return _SPARKLINE.format(
        summary=summary,
        width=_WIDTH,
        height=_HEIGHT,
        path=Markup('<path class="line" d="{}"/>').format(path_through(pieces)) if pieces else "",
        end=Markup('<circle class="end" cx="{:g}" cy="{:g}" r="2.5"/>').format(*pieces[-1][-1]) if pieces else "",
    )


def _place(n: int, count: int, value: float, low: float, high: float) -> tuple[float, float]:
    """Return where a value stands; in the middle where the scale has one value only."""
    across = n / (count - 1) if count > 1 else 0.5
    up = (value - low) / (high - low) if high > low else 0.5
    return (
        round(_MARGIN + across * (_WIDTH - 2 * _MARGIN), 1),
        round(_HEIGHT - _MARGIN - up * (_HEIGHT - 2 * _MARGIN), 1),
    )


def _pieces(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is not None:
            pieces[-1].append(place)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def small_multiples(series: Sequence[Series], *, addresses: Mapping[str, str] = _NO_ADDRESSES) -> Markup:
    """Return a list of small lines of one scale, each with its name and its last value.

    Args:
        series: the lines; looks are not used.
        addresses: name of a line → where it leads.

    Raises:
        ValueError: a line has too many values.
    """
    there = [value for each in series for value in each.values if value is not None]
    bounds = (min(there), max(there)) if there else (0.0, 0.0)
    row = Markup('<li><span class="of" dir="auto">{name}</span>{line}<b>{last}</b></li>')
    rows = (
        row.format(
            name=_linked(each.name, addresses),
            line=sparkline(each.values, _in_words(each), bounds=bounds),
            last=_last(each),
        )
        for each in series
    )
    return Markup('<ul class="multiples">{}</ul>').format(Markup("").join(rows))


def _linked(name: str, addresses: Mapping[str, str]) -> Markup:
    return Markup('<a href="{}">{}</a>').format(addresses[name], name) if name in addresses else escape(name)


def _last(series: Series) -> str:
    return next((number(round(value, 2)) for value in reversed(series.values) if value is not None), "–")


def _in_words(series: Series) -> str:
    there = [round(value, 2) for value in series.values if value is not None]
    if not there:
        return f"{series.name}: no values"
    return (
        f"{series.name}: from {number(there[0])} to {number(there[-1])}, "
        f"between {number(min(there))} and {number(max(there))}"
    )
