"""What people do at the desk: each form changes the clock or its alert, and says who did it and why."""

import re
from html import unescape

import pytest

from plaudit.alerting.desk.pages.acting import moment_of, settled_at
from plaudit.common.contracts import Answers
from plaudit.common.time_zones import zone_of
from plaudit_testing.clocks import at, review
from plaudit_testing.signing_in import OURS, signed_in

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


class Desk:
    """The page of one clock, as somebody uses it without scripts."""

    def __init__(self, stage, browser, clock):
        self.stage, self.browser, self.path = stage, browser, f"/console/desk/{clock['id']}"

    async def shows(self):
        return unescape((await self.browser.get(self.path)).text)

    async def does(self, action, **form):
        """Send a form; what the next page says, or the page that shows the form again."""
        answer = await self.browser.post(f"{self.path}/{action}", data=form, headers=OURS)
        if answer.status_code == 422:
            return unescape(answer.text)
        assert (answer.status_code, answer.headers["location"]) == (303, self.path)
        [said] = re.findall(r'<p role="(?:status|alert)">(.+?)</p>', await self.shows())
        return said

    async def log(self):
        page = (await self.shows()).split("What happened")[1]
        return [re.sub(r"<[^>]+>", " ", each).split() for each in re.findall(r"<li>(.+?)</li>", page)]


async def desk_of(stage, hours, *, answers=Answers.TOLD, scopes=("*",)):
    await stage.happens(None, review(), at(0), answers=answers)
    await stage.move_to(at(hours))
    await stage.fires()
    return Desk(stage, await signed_in(stage, *scopes), await stage.clock())


async def test_a_clock_is_paused_with_a_reason_and_resumed(stage):
    desk = await desk_of(stage, 5)
    assert "Write why" in await desk.does("pause", reason=" ")
    assert (await stage.clock())["state"] == "running"
    assert await desk.does("pause", reason="waits for <b>the customer") == "The clock is paused: its time stands still."
    assert (await stage.clock())["state"] == "paused"
    assert "waits for <b>the customer" in await desk.shows()
    assert (await desk.log())[0][:4] == ["The", "time", "was", "paused."]
    assert "key" in (await desk.log())[0], "the log says who it was"
    assert await desk.does("resume", reason="they wrote") == "The time of the clock goes on."
    assert (await stage.clock())["state"] == "running"


async def test_the_time_that_a_paused_clock_has_left_stands_still_also_past_its_due_time(stage):
    desk = await desk_of(stage, 5)
    await desk.does("pause", reason="waits for the customer")
    [left] = re.findall("its time stands still, with (18 h [0-9]+ min) left", await desk.shows())
    for hours in (12, 72):
        await stage.move_to(at(hours))
        page = await desk.shows()
        assert f"its time stands still, with {left} left" in page, hours
        assert f'paused<span class="unit">{left} left' in page, hours


async def test_what_is_refused_is_said(stage):
    desk = await desk_of(stage, 25)
    assert await desk.does("pause", reason="late") == "The due time has passed: there is no time left to stop."
    assert await desk.does("resume", reason="no") == "The clock is not paused."
    assert "Choose one" in await desk.does("silence", what="all", hours="4", reason="x")
    assert "Choose one" in await desk.does("assign", to="nobody@acme.example")


async def test_a_clock_is_noted_as_done_with_its_way_and_a_note(stage):
    desk = await desk_of(stage, 5)
    assert "Say when" in await desk.does("fulfil", at="yesterday", channel="phone", note="called")
    assert (
        await desk.does("fulfil", at="2026-03-02T13:00", channel="phone", note="Called them.") == "It is noted as done."
    )
    assert (await stage.clock())["fulfilled_at"] == at(4)
    assert (await desk.log())[0][:6] == ["It", "was", "done,", "by", "phone.", "Called"]


async def test_a_clock_of_which_nobody_was_told_is_settled_by_hand(stage):
    desk = await desk_of(stage, 25, answers=Answers.UNTOLD)
    assert (await stage.clock())["state"] == "unknown"
    assert "Say when it was answered, after the due time." in await desk.does("settle", outcome="late", note="seen")
    assert await desk.does("settle", outcome="none", note="Looked it up.") == "It is settled."
    assert (await stage.clock())["state"] == "breached"


async def test_in_time_needs_no_moment(stage):
    desk = await desk_of(stage, 25, answers=Answers.UNTOLD)
    assert await desk.does("settle", outcome="in_time", note="Saw the answer there.") == "It is settled."
    assert ((await stage.clock())["state"], (await stage.clock())["fulfilled_at"]) == ("fulfilled", at(24))


def test_a_moment_has_to_fit_the_outcome():
    due = at(24)
    late = {"outcome": "in_time", "at": "2026-03-04T09:00", "note": "x"}
    assert settled_at(late, due)[1]["at"] == "That is after the due time: it was late."
    assert settled_at({**late, "outcome": "late"}, due) == (at(48), {"outcome": "", "at": "", "note": ""})


async def test_a_clock_is_moved_to_what_is_in_force(stage):
    desk = await desk_of(stage, 5)
    assert await desk.does("move", reason="new hours") == "The clock runs under the policy and the calendars in force."


async def test_an_alert_is_acknowledged_given_to_another_and_silenced(stage):
    desk = await desk_of(stage, 25)
    assert (await desk.does("acknowledge", remind="60")).startswith("The alert is acknowledged")
    [alert] = await stage.rows("SELECT state, acknowledged_by, remind_at FROM alerts")
    assert alert["state"] == "acknowledged"
    assert at(26) <= alert["remind_at"] < at(27)
    page = await desk.shows()
    assert "acknowledged by key" in page
    assert (await desk.does("assign", to="owner@acme.example", note="Yours")).startswith("The alert is given to")
    assert (await stage.rows("SELECT state FROM alerts")) == [{"state": "open"}]
    assert (await desk.does("silence", what="subject", hours="4", reason="We know.")).startswith(
        "Nothing is told of it"
    )
    [silence] = await stage.rows("SELECT subject_prefix, reason FROM silences")
    assert silence == {"subject_prefix": "acme/berlin", "reason": "We know."}


async def test_without_an_alert_there_is_nothing_to_acknowledge(stage):
    desk = await desk_of(stage, 5)
    page = await desk.shows()
    assert "there is no alert to acknowledge" in page
    assert "/acknowledge" not in page
    assert (await desk.does("acknowledge")).startswith("There is no alert")


async def test_whoever_may_only_read_has_no_forms(stage):
    desk = await desk_of(stage, 25, scopes=("clocks:read", "alerts:read"))
    page = await desk.shows()
    assert '<form method="post" action="/console/desk' not in page
    answer = await desk.browser.post(f"{desk.path}/pause", data={"reason": "x"}, headers=OURS)
    assert answer.status_code == 403


async def test_a_form_from_elsewhere_changes_nothing(stage):
    desk = await desk_of(stage, 5)
    answer = await desk.browser.post(
        f"{desk.path}/pause", data={"reason": "x"}, headers={**OURS, "sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert (await stage.clock())["state"] == "running"


async def test_what_people_do_about_the_alert_is_in_what_happened(stage):
    desk = await desk_of(stage, 25)
    await desk.does("acknowledge", remind="60")
    await desk.does("assign", to="owner@acme.example", note="Please <b>call")
    await desk.does("silence", what="alert", hours="4", reason="We know.")
    log = [" ".join(words) for words in await desk.log()]
    assert [each.split(".")[0] for each in log[:3]] == [
        "The alert was silenced",
        "The alert was given to owner@acme",
        "The alert was acknowledged",
    ]
    assert "We know." in log[0]
    assert "Please" in log[1]
    assert all("key" in each for each in log[:3]), "each says who it was"


async def test_times_are_shown_and_taken_in_the_zone_of_the_reader(stage):
    desk = await desk_of(stage, 5)
    desk.browser.cookies.set("plaudit_zone", "Asia%2FTokyo")
    shown = await desk.shows()
    assert "3 March 2026, 18:00 JST" in shown
    assert " UTC<" not in shown
    assert "In Asia/Tokyo." in shown
    await desk.does("fulfil", at="2026-03-02T22:00", channel="phone", note="Called them.")
    assert (await stage.clock())["fulfilled_at"] == at(4)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "%00", "x" * 3000])
async def test_a_zone_that_is_none_is_utc(stage, zone):
    desk = await desk_of(stage, 5)
    desk.browser.cookies.set("plaudit_zone", zone)
    assert "3 March 2026, 09:00 UTC" in await desk.shows()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-03-29T01:59", "2026-03-29T00:59:00+00:00"),
        ("2026-03-29T02:30", None),  # the clocks go from 02:00 to 03:00
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),  # the first of two
        ("yesterday", None),
        ("0001-01-01T00:00", None),  # in UTC, it is in no year
    ],
)
def test_a_moment_that_a_change_of_clocks_leaves_out_is_none(typed, meant):
    found = moment_of(typed, zone_of("Europe/Berlin"))
    assert (found and found.isoformat()) == meant
