"""The lines of a chart, and the ground under them, as paths in percent of the width and pixels of the height."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from plaudit.common.pages.charts.across import Across
from plaudit.common.pages.charts.scale import BOTTOM, Scale
from plaudit.common.pages.charts.values import Band, Shown
from plaudit.common.pages.charts.words import shortened

_FILL: Final = Markup('<path class="{kind}" d="{path}"/>')
_LINE: Final = Markup('<path class="{kind}" vector-effect="non-scaling-stroke" d="{path}"/>')

Place = tuple[float, float]


def ground(shown: Shown, across: Across, scale: Scale) -> Markup:
    """Return what lies under the lines: the band, and the area under the first line up to the present."""
    fills = [] if shown.band is None else [("band", path) for path in _band(shown.band, across, scale)]
    if shown.has_area and shown.series:
        for piece in _pieces(shown.series[0].values[: across.until + 1], across, scale):
            foot = [(piece[0][0], float(BOTTOM)), (piece[-1][0], float(BOTTOM))]
            fills.append(("area", _closed(piece, foot)))
    return Markup("").join(_FILL.format(kind=kind, path=path) for kind, path in fills)


def _band(band: Band, across: Across, scale: Scale) -> list[str]:
    """Return the range in pieces: there is one where both bounds are."""
    pairs = list(zip(band.lows, band.highs, strict=True))
    highs = _pieces([None if low is None else high for low, high in pairs], across, scale)
    lows = _pieces([None if high is None else low for low, high in pairs], across, scale)
    return [_closed(high, low) for high, low in zip(highs, lows, strict=True)]


def _closed(upper: Sequence[Place], lower: Sequence[Place]) -> str:
    return f"{path_through([[*upper, *reversed(lower)]])}Z"


def lines(shown: Shown, across: Across, scale: Scale) -> Markup:
    """Return each line: drawn through to the present, dashed after it."""
    group = Markup('<g class="{look}" data-line="{n}" data-name="{name}">{paths}</g>')
    return Markup("").join(
        group.format(look=look, n=n, name=shortened(each.name), paths=_line(each.values, across, scale))
        for n, (each, look) in enumerate(zip(shown.series, shown.looks, strict=True))
    )


def _line(values: Sequence[float | None], across: Across, scale: Scale) -> Markup:
    until = across.until
    past = _pieces(values[: until + 1], across, scale)
    coming = [piece for piece in _pieces(values[until:], across, scale, until) if len(piece) > 1]
    going_on = [piece[0] for piece in coming]
    alone = [piece for piece in past if len(piece) == 1 and piece[0] not in going_on]
    past = [piece for piece in past if piece not in alone]
    return Markup("").join(
        _LINE.format(kind=kind, path=path_through(pieces))
        for kind, pieces in (("line", past), ("line alone", alone), ("line expected", coming))
        if pieces
    )


def _pieces(values: Sequence[float | None], across: Across, scale: Scale, first: int = 0) -> list[list[Place]]:
    """Return the places of values, from a point on, in pieces: a value that is missing interrupts a line."""
    pieces: list[list[Place]] = [[]]
    for n, value in enumerate(values, first):
        if value is not None:
            pieces[-1].append((round(across.points[n].place, 3), scale.y(value)))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def path_through(pieces: Sequence[Sequence[Place]]) -> str:
    """Return a path through pieces; one of a single point has no length, and its round ends are a dot."""
    return " ".join(_joined(piece[0], piece[1:] or piece) for piece in pieces)


def _joined(first: Place, rest: Sequence[Place]) -> str:
    steps = (f"{letter}{x:.7g} {y:.7g}" for letter, (x, y) in [("M", first), *(("L", each) for each in rest)])
    return " ".join(steps)
