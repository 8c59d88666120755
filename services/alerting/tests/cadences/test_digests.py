"""The weekly digest, of what happened in the week."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from plaudit.alerting.cadences.commands import rules
from plaudit.alerting.cadences.consumer import REVIEW_EVENTS
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.digest import Clocks, Digest, compose, in_words, subject_line
from plaudit.alerting.cadences.jobs.cadence_job import CadenceJob
from plaudit.alerting.main import SERVICE
from plaudit.common.contracts import Answers
from plaudit.common.process import Resources
from plaudit_testing.cadences import on, state
from plaudit_testing.clocks import review
from plaudit_testing.signing_in import signed_in

pytestmark = pytest.mark.postgres
MARCH_2 = date(2026, 3, 2)
NEAR_NINE = (
    *((3, 23, 7, 59), (3, 23, 8, 0), (3, 30, 6, 59), (3, 30, 7, 0), (3, 30, 8, 0)),
    *((10, 19, 7, 0), (10, 26, 7, 59), (10, 26, 8, 0), (10, 26, 9, 0)),
)
"""Instants around nine o'clock in Berlin on Mondays, before and after clocks change on 29 March and 25 October."""
EMPTY = compose(
    local_date=MARCH_2,
    zone="UTC",
    start=on(-7),
    end=on(0),
    clocks=Clocks(running=0, late=0, breached=0, fulfilled=0, first_due=()),
    scores=(),
    reviews=(),
    requests=(),
    requests_by_status={},
    touchpoints_open=0,
)


def test_nouns_agree_with_their_counts():
    one = msgspec.structs.replace(EMPTY, reviews=1, praise=1, answered=1, raised_count=1, touchpoints_open=1)
    assert subject_line(one).endswith("0 open, 1 review")
    said = in_words(one)
    for words in (
        "of 1 review\n",
        "1 review of four",
        "1 review answered",
        "1 rating raised",
        "1 contact with customers",
    ):
        assert words in said, words


async def digests(cadence):
    return [row["digest"] for row in await cadence.stage.rows("SELECT digest FROM digests ORDER BY local_date")]


async def test_the_digest_tells_movers_complaints_wins_requests_and_what_is_to_be_done(cadence):
    await cadence.told("stage_entered", on(-1), stage="new", received=on(0))
    await cadence.scored("acme/berlin", 1, 4.5)
    await cadence.goes_to(on(0, 2))
    await cadence.scored("acme/berlin", 2, 4.1)
    await cadence.scored("acme/hamburg", 1, 3.0)
    await cadence.requested("r-1", "open", 3)
    await cadence.requested("r-2", "shipped", 9)
    await cadence.requested("r-3", "under_review", 7, "Export")
    bad = state(on(1), rating=1.0, topics=["delivery", "price"])
    good = state(on(2), rating=5.0, answer={"text": "Thanks", "published_at": on(3).isoformat(), "state": "published"})
    raised = state(on(-20), rating=5.0) | {"rated_at": on(4)}
    await cadence.reads(
        REVIEW_EVENTS,
        [
            cadence.review(bad, on(1), review_id="bad"),
            cadence.review(state(on(1), rating=2.0, topics=["delivery"]), on(1), review_id="poor"),
            cadence.review(good, on(3), review_id="good"),
            cadence.review(raised, on(4), before=state(on(-20), rating=1.0), review_id="up", kind="review.edited"),
            cadence.review(state(on(-300), rating=1.0), on(4), review_id="old", backfill=True),
        ],
    )
    await cadence.goes_to(on(7, 2))
    first, second = await digests(cadence)
    assert (first["local_date"], second["local_date"]) == ("2026-03-02", "2026-03-09")
    assert first["end"] == second["start"]
    assert [(each["subject"], each["before"], each["after"]) for each in second["movers"]] == [
        ("acme/berlin", 4.5, 4.1)
    ]
    assert (second["reviews"], second["complaints"], second["praise"], second["answered"]) == (3, 2, 1, 1)
    assert [(each["topic"], each["count"]) for each in second["topics"]] == [("delivery", 2), ("price", 1)]
    assert [(each["before"], each["after"]) for each in second["raised"]] == [(1, 5)]
    assert [(each["review_id"], each["stars"]) for each in second["praised"]] == [("good", 5)]
    assert second["answered_by"] == [{"subject": "acme/berlin", "count": 1}]
    assert [each["request_id"] for each in second["requests"]] == ["r-3", "r-1"]
    assert second["requests_by_status"] == {"open": 1, "under_review": 1}
    assert second["touchpoints_open"] == 1


@pytest.mark.usefixtures("first_answers_only")
async def test_the_digest_counts_open_clocks_and_breaches(cadence, stage):
    await cadence.told("contacted", on(0))
    await stage.happens(None, review(published_at=on(-3), received_at=on(-3)), on(-3), review_id="late")
    await stage.happens(None, review(published_at=on(0), received_at=on(0)), on(0), review_id="open")
    stage.end_offset = 0
    await stage.fires()
    await cadence.goes_to(on(0, 2))
    [digest] = await digests(cadence)
    clocks = digest["clocks"]
    assert (clocks["running"], clocks["late"], clocks["breached"]) == (2, 1, 1)
    assert len(clocks["first_due"]) == 2


@pytest.mark.usefixtures("first_answers_only")
async def test_the_digest_lists_what_is_to_be_looked_up_where_answers_are_not_told(cadence, stage):
    await cadence.told("contacted", on(0))
    told = review(published_at=on(-3), received_at=on(-3))
    await stage.happens(None, told, on(-3), review_id="unseen", answers=Answers.UNTOLD)
    stage.end_offset = 0
    await stage.fires()
    await cadence.goes_to(on(0, 2))
    [digest] = await digests(cadence)
    clock = await stage.clock("unseen")
    assert digest["clocks"]["breached"] == 0
    told = (await (await stage.client()).get("/v1/digests/2026-03-02")).json()
    assert told["to_look_up"]["clocks"] == 1
    assert [(each["name"], each["clocks"]) for each in told["to_look_up"]["by_source"]] == [("Acme shop", 1)]
    assert [each["clock_id"] for each in told["to_look_up"]["first"]] == [str(clock["id"])]
    assert "To look up\n- 1 answer of which nobody tells (Acme shop: 1)\n- acme/berlin: a 1-star review" in told["text"]
    page = await (await signed_in(stage, "*")).get("/console/cadences/digests/2026-03-02")
    assert "Of 1 nobody knows whether they were answered: <bdi>Acme shop</bdi> 1." in page.text
    assert f'"/console/desk/{clock["id"]}"' in page.text
    assert '"/console/desk?show=unknown"' in page.text


@pytest.mark.usefixtures("first_answers_only")
async def test_a_digest_keeps_no_address_of_a_review(cadence, stage):
    await cadence.told("contacted", on(0))
    seen = review(published_at=on(-3), received_at=on(-3), url="https://shop.example/reviews/1")
    await stage.happens(None, seen, on(-3), review_id="unseen", answers=Answers.UNTOLD)
    stage.end_offset = 0
    await stage.fires()
    await cadence.goes_to(on(0, 2))
    [row] = await stage.rows("SELECT digest::text AS kept FROM digests")
    assert "acme/berlin" in row["kept"]
    assert "shop.example" not in row["kept"]


def test_a_digest_of_before_a_section_was_there_is_still_read():
    later = {"praised", "answered_by", "to_look_up"}
    kept = {name: value for name, value in msgspec.to_builtins(EMPTY).items() if name not in later}
    assert msgspec.convert(kept, Digest) == EMPTY


async def test_a_digest_comes_once_for_each_local_date_and_missed_ones_are_not_made_up_for(cadence):
    await cadence.told("contacted", on(0))
    await cadence.wakes_at(on(16))
    await cadence.wakes_at(on(16, 1))
    await cadence.goes_to(on(22))
    assert [each["local_date"] for each in await digests(cadence)] == ["2026-03-16", "2026-03-23"]


async def test_after_three_weeks_off_one_digest_of_the_last_date_tells_of_all_of_them_and_none_of_those_before(
    cadence, mailbox
):
    await cadence.told("contacted", on(0))
    await cadence.goes_to(on(0, 3))
    await cadence.stage.sends()
    await cadence.wakes_at(on(23))
    await cadence.stage.sends()
    first, second = await digests(cadence)
    assert (first["local_date"], second["local_date"]) == ("2026-03-02", "2026-03-23")
    assert second["start"] == first["end"]
    weeks = [str(each["Subject"]).partition(":")[0] for each in mailbox.mails]
    assert weeks == ["The week to 2 March 2026", "The week to 23 March 2026"]
    await cadence.goes_to(on(28, 3))
    assert [each["local_date"] for each in await digests(cadence)][2:] == ["2026-03-30"]


@pytest.mark.parametrize(
    ("zone", "is_due_at"),
    [
        ("Pacific/Apia", datetime(2026, 3, 8, 20, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 3, 8, 19, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 3, 9, 20, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 3, 9, 3, 15, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 3, 9, 3, 30, tzinfo=UTC)),
        ("Pacific/Chatham", datetime(2026, 3, 8, 19, 15, tzinfo=UTC)),
    ],
)
async def test_monday_is_that_of_the_zone_and_nothing_is_told_on_its_weekend(cadence, mailbox, zone, is_due_at):
    await cadence.stage.move_to(on(2))
    async with cadence.stage.worker.transaction() as tx:
        there = msgspec.structs.replace(DEFAULT, zone=zone, owner="ann@acme.example")
        await rules.save(tx, "default", there, "person:1")
    await cadence.wakes_at(is_due_at - timedelta(minutes=1))
    assert await digests(cadence) == [], "it is eight o'clock on Monday there, or the weekend"
    await cadence.wakes_at(is_due_at)
    await cadence.stage.sends()
    assert [each["local_date"] for each in await digests(cadence)] == ["2026-03-09"]
    await cadence.wakes_at(is_due_at + timedelta(days=6, hours=23))
    await cadence.stage.sends()
    assert len(mailbox.mails) == 1


async def test_two_processes_tell_each_week_once_at_nine_local_also_when_clocks_change(cadence, mailbox):
    async with cadence.stage.worker.transaction() as tx:
        berlin = msgspec.structs.replace(DEFAULT, zone="Europe/Berlin", owner="ann@acme.example")
        await rules.save(tx, "default", berlin, "person:1")
    other = Resources(cadence.stage.settings, SERVICE.name)
    jobs = (cadence.job, CadenceJob(other))
    for at in (on(20.9), *(datetime(2026, *each, tzinfo=UTC) for each in NEAR_NINE)):
        await cadence.stage.move_to(at)
        for _ in range(3):
            await asyncio.gather(*(job.turn() for job in jobs))
        await cadence.stage.sends()
    await other.close()
    told = [(each["local_date"], each["end"][11:16]) for each in await digests(cadence)]
    assert [each for each in told if each[0] in {"2026-03-23", "2026-03-30", "2026-10-19", "2026-10-26"}] == [
        *(("2026-03-23", "08:00"), ("2026-03-30", "07:00"), ("2026-10-19", "07:00"), ("2026-10-26", "08:00"))
    ]
    weeks = [str(each["Subject"]).partition(":")[0] for each in mailbox.mails]
    assert len(weeks) == len(set(weeks)) == len(told)


async def test_an_erased_or_removed_review_is_in_no_later_digest(cadence):
    await cadence.reads(REVIEW_EVENTS, [cadence.review(state(on(0), rating=1.0), on(0))])
    gone = cadence.review(None, on(0), before=state(on(0), rating=1.0), kind="review.removed")
    await cadence.reads(REVIEW_EVENTS, [gone])
    await cadence.goes_to(on(0, 3))
    [digest] = await digests(cadence)
    assert digest["reviews"] == 0
