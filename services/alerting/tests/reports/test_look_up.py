"""What nobody knows is listed once a week."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from plaudit.alerting.reports.domain.asked import Window
from plaudit.alerting.reports.domain.look_up import MAX_LINES, LookUp, OfSource, lines_of
from plaudit.alerting.reports.store import look_up
from plaudit.common.contracts import Answers
from plaudit_testing.clocks import TENANT, answered, at, review

WEEK = Window(at(0), at(24 * 7))


async def found_of(stage, window=WEEK):
    async with stage.worker.transaction() as tx:
        return await look_up.to_look_up(tx, TENANT, window)


async def goes_unknown(stage, count):
    for number in range(count):
        await stage.happens(None, review(), at(0), review_id=f"u-{number}", answers=Answers.UNTOLD)
    await stage.happens(None, review(), at(0), review_id="told")
    await stage.move_to(at(25))
    await stage.fires()


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_clocks_of_which_nobody_knows_are_listed_by_source_until_they_are_looked_up(stage):
    await goes_unknown(stage, 3)
    found = await found_of(stage)
    assert (found.clocks, [(each.name, each.clocks) for each in found.by_source]) == (3, [("Acme shop", 3)])
    assert {each.review_id for each in found.first} == {"u-0", "u-1", "u-2"}
    await stage.happens(review(), answered(review(), at(2)), at(26), review_id="u-0", answers=Answers.UNTOLD)
    assert {each.review_id for each in (await found_of(stage)).first} == {"u-1", "u-2"}
    assert (await found_of(stage, Window(at(25), at(30)))).clocks == 0


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_what_is_left_out_of_the_digest_is_counted(stage):
    await goes_unknown(stage, MAX_LINES + 2)
    lines = lines_of(await found_of(stage), ZoneInfo("Europe/Berlin"))
    assert lines[0] == f"{MAX_LINES + 2} answers of which nobody tells (Acme shop: {MAX_LINES + 2})"
    assert lines[1] == "acme/berlin: a 1-star review at Acme shop, due 3 March 2026, 10:00 CET"
    assert (lines[-1], len(lines)) == ("and 2 more", MAX_LINES + 2)


def test_where_nothing_has_to_be_looked_up_the_digest_says_so():
    assert len(lines_of(LookUp((), ()), UTC)) == 1
    assert lines_of(LookUp((OfSource("s", "Shop", 1),), ()), UTC)[0] == "1 answer of which nobody tells (Shop: 1)"
