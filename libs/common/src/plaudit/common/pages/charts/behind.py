"""The table behind a chart: every figure that is drawn, for readers, and for the scripts that draw them again."""

from collections.abc import Sequence

from markupsafe import Markup

from plaudit.common.pages.charts.across import Across
from plaudit.common.pages.charts.scale import number
from plaudit.common.pages.charts.values import Shown

_TABLE = Markup(
    '<details><summary>The figures as a table</summary><div class="scroll" role="group" tabindex="0" '
    'aria-label="The figures"><table><thead><tr><th scope="col">{title}'
    "</th>{head}</tr></thead><tbody>{rows}</tbody>{foot}</table></div></details>"
)
# By %, which takes a quarter of the time of `format`: there are hundreds of rows.
_ROW = Markup('<tr data-x="%.15g"><th scope="row">%s</th>%s</tr>')
_CELL = Markup('<td class="figure">%s</td>')


def table(shown: Shown, across: Across, title: str) -> Markup:
    """Return the table: a row for each point, a column for each line and bound; thresholds at its foot."""
    columns = _columns(shown)
    head = Markup('<th scope="col" class="figure" data-kind="{}">{}</th>')
    return _TABLE.format(
        title=title,
        head=Markup("").join(head.format(kind, name) for kind, name, _ in columns),
        rows=Markup("").join(
            _ROW % (point.key, point.head, _cells([values[n] for _, _, values in columns]))
            for n, point in enumerate(across.points)
        ),
        foot=_foot(shown, len(columns)),
    )


def _columns(shown: Shown) -> list[tuple[str, str, Sequence[float | None]]]:
    """Return kind, name and values of each column."""
    lines = [("line", each.name, each.values) for each in shown.series]
    if shown.band is None:
        return lines
    bounds = (("low", "from", shown.band.lows), ("high", "to", shown.band.highs))
    return [*lines, *((kind, f"{shown.band.name}, {word}", values) for kind, word, values in bounds)]


def _cells(values: Sequence[float | None]) -> Markup:
    return Markup("").join(_CELL % ("" if value is None else number(value)) for value in values)


def _foot(shown: Shown, columns: int) -> Markup:
    if not shown.thresholds:
        return Markup("")
    row = Markup('<tr><th scope="row">{words}</th><td class="figure" colspan="{columns}">{value}</td></tr>')
    rows = (row.format(words=each.words, columns=columns, value=number(each.value)) for each in shown.thresholds)
    return Markup("<tfoot>{}</tfoot>").format(Markup("").join(rows))
