"""The page of reports: figures in words, with n and interval, and files of them."""

import re

import pytest

from plaudit.alerting.reports.domain import words
from plaudit.alerting.reports.domain.compliance import Compliance
from plaudit.alerting.reports.domain.effects import Effect
from plaudit.alerting.reports.domain.response_times import Seen, times_of
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Answers
from plaudit.common.statistics.waiting import Quantile
from plaudit_testing.clocks import answered, at, rated, review

OURS = {"sec-fetch-site": "same-origin"}
REPORTS = "/console/reports"
HOUR_US = 3_600_000_000


def test_the_share_is_said_with_what_it_is_of_and_what_is_apart():
    said = words.compliance_in_words(Compliance(3, 1, 0, 5, 2, 4, 9))
    assert "Of 4 clocks that ended or whose due time has passed, 3 were in time: 75.0 %" in said
    assert "from 30.1 to 95.4 %" in said
    assert "7 are not due yet, 2 of them paused." in said
    assert "Of 4 nobody knows" in said
    assert words.compliance_in_words(Compliance(unknown=1)).startswith("Nothing that was due")


def test_times_are_said_with_those_that_wait():
    said = words.times_in_words(times_of(Seen((HOUR_US, 3 * HOUR_US), (9 * HOUR_US,))))
    assert "Of 3 clocks, 2 are answered and 1 still waits." in said
    assert "Half are answered within 3 h 0 min" in said
    assert "no median" in words.times_in_words(times_of(Seen((1,), (2, 2, 2))))
    assert words.times_in_words(times_of(Seen())) == "No time is known of this time."


def test_what_was_learned_of_late_is_said_apart():
    live, late = times_of(Seen((HOUR_US,), (3 * HOUR_US, 3 * HOUR_US))), times_of(Seen((9 * HOUR_US,)))
    assert words.arrival_in_words(live, None) == ""
    assert words.arrival_in_words(None, late).startswith("Of 1 clock we learned more than 1 hour later")
    assert words.arrival_in_words(live, late).endswith("of the other 3 there is no median yet.")
    assert "half of the other 1 are answered within 1 h 0 min." in words.arrival_in_words(
        times_of(Seen((HOUR_US,))), late
    )


def test_none_is_said_as_a_word():
    said = words.compliance_in_words(Compliance(0, 0, 3, 2))
    assert "none was in time: 0.0 %" in said
    assert "None ended late, and 3 are open past the due time" in said
    assert "2 are not due yet, none of them paused." in said
    assert "0 " not in words.effect_in_words(Effect(7, 0), Effect(9, 0)).replace("0.0 %", "").replace("0.0 to", "")


def test_an_interval_that_is_open_is_said_to_be():
    assert words.lengths(Quantile(None, None, None)) == "–"
    assert words.lengths(Quantile(HOUR_US, HOUR_US, None)) == "1 h 0 min or more"
    assert words.lengths(Quantile(HOUR_US, None, 2 * HOUR_US)) == "0 min to 2 h 0 min"


def test_recovery_is_said_beside_that_of_reviews_without_an_answer():
    said = words.effect_in_words(Effect(10, 2), Effect(5, 1))
    assert "Of 10 negative reviews that were answered, 2 were raised by a star or more (20.0 %, 95 %: 5.7" in said
    assert "of 5 without an answer, 1 (20.0 %" in said
    assert words.effect_in_words(Effect(), Effect()) == "No negative review was published in this time."


async def signed_in(stage, *scopes, tenant="default"):
    client = await stage.client(*scopes, tenant=tenant)
    key = client.headers["authorization"].removeprefix("Bearer ")
    page = stage.plain_client(accept="text/html")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    return page


async def tell(stage):
    bad = review()
    after = answered(bad, at(2))
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, [stage.record(None, after, at(2)), stage.record(after, rated(after, 4.0, at(9)), at(9))])
    week_later = {"published_at": at(170), "rated_at": at(170), "received_at": at(170)}
    await stage.happens(None, bad, at(0), review_id="in-time")
    await stage.happens(bad, answered(bad, at(2)), at(2), review_id="in-time")
    await stage.happens(None, bad, at(0), review_id="untold", answers=Answers.UNTOLD)
    await stage.happens(None, review(**week_later), at(170), review_id="late")
    await stage.move_to(at(26))
    await stage.fires()
    await stage.move_to(at(196))
    await stage.fires()


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_the_page_says_how_it_is_and_what_each_figure_rests_on(stage):
    await tell(stage)
    page = (await (await signed_in(stage)).get(REPORTS)).text
    assert "Of 2 clocks that ended or whose due time has passed, 1 was in time: 50.0 %" in page
    assert "Percent in time by week of the due time, 2 weeks with 2 clocks in all" in page
    assert "Of 2 clocks, 1 is answered and 1 still waits." in page
    assert "Of 1 negative review that was answered, 1 was raised" in page
    assert "is no proof that answers caused it" in page
    assert 'data-label="Unknown">1<' in page
    assert "<style" not in page
    assert "style=" not in page


@pytest.mark.postgres
async def test_without_its_form_as_on_paper_the_page_says_of_which_time_and_how_it_counts(stage):
    await stage.move_to(at(0))
    page = (await (await signed_in(stage)).get(f"{REPORTS}?days=30&by=month&time=calendar")).text
    said = re.sub(
        "<[^>]+>", "", page.partition('<form class="card"')[0].split("Each figure says how many it rests on.")[1]
    )
    times = "From 31 January 2026, 09:[0-9]{2} UTC to 2 March 2026, 09:[0-9]{2} UTC, by month;"
    assert re.match(times, " ".join(said.split())), said
    assert "every hour counts; response times from when it was published." in said


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_what_has_to_be_looked_up_is_named_with_its_times(stage):
    await stage.happens(None, review(), at(0), answers=Answers.UNTOLD)
    await stage.move_to(at(26))
    await stage.fires()
    page = (await (await signed_in(stage)).get(REPORTS)).text
    assert "1-star review of acme/berlin</a>" in page
    assert 'since <time datetime="2026-03-02T09:00:00+00:00">' in page


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_each_report_is_a_file_of_the_same(stage):
    await tell(stage)
    page = await signed_in(stage)
    for name, words_of in (
        ("compliance", "Acme shop,0.5,"),
        ("response-times", "Acme shop,7200.0,"),
        ("effects", "Acme shop,within_4_hours,1,1,0,1.0,"),
        ("to-look-up", "clock_id,"),
    ):
        file = await page.get(f"{REPORTS}/{name}.csv", params={"days": "90", "by": "source"})
        assert (file.status_code, file.headers["content-type"].split(";")[0]) == (200, "text/csv"), name
        assert file.content.startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 by it"
        assert words_of in file.text, name


@pytest.mark.postgres
@pytest.mark.parametrize("by", ["owner", "source", "severity", "metric", "subject", "month", "nonsense"])
async def test_it_can_be_told_by_each_and_what_the_form_cannot_say_is_as_if_unsaid(stage, by):
    await tell(stage)
    page = await signed_in(stage)
    answer = await page.get(REPORTS, params={"by": by, "days": "365", "time": "calendar", "start": "receipt"})
    assert answer.status_code == 200
    assert "By " in answer.text


@pytest.mark.postgres
async def test_before_anything_happened_the_page_says_so(stage):
    page = (await (await signed_in(stage, tenant="other")).get(REPORTS)).text
    assert "Nothing that was due has been decided in this time." in page
    assert "Nothing has to be looked up." in page


@pytest.mark.postgres
async def test_only_those_who_may_read_clocks_see_it(stage):
    page = await signed_in(stage, "reviews:read")
    assert (await page.get(REPORTS)).status_code == 403
    assert (await page.get(f"{REPORTS}/compliance.csv")).status_code == 403
