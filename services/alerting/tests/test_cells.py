"""Files of clocks, alerts and reports: no text of others is a formula in a spreadsheet, whichever its column."""

import pytest

from plaudit.alerting.alerts import schemas as alerts
from plaudit.alerting.clocks import schemas as clocks
from plaudit.alerting.reports.schemas import unknown_row
from plaudit_testing.clocks import at

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "＝1", '=HYPERLINK("https://evil.example")')  # noqa: RUF001 - a full-width form


@pytest.mark.parametrize("text", FORMULAS)
def test_every_column_of_text_is_guarded(text):
    rows = [
        clocks.csv_row({**dict.fromkeys(clocks.HEAD, text), "state": text}),
        alerts.csv_row(dict.fromkeys(alerts.HEAD, text)),
        unknown_row([text, text]),
    ]
    cells = [cell for row in rows for cell in row if cell != "false"]
    assert set(cells) == {f"'{text}"}


def test_numbers_times_and_what_is_not_there_are_as_they_were():
    assert unknown_row([-1.5, at(0), None, True, "plain"]) == ["-1.5", "2026-03-02T09:00:00Z", "", "true", "plain"]
