"""What is told over HTTP, on a real database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.contracts import Origin, ReviewState
from plaudit.common.ids import uuid7
from plaudit.scoring.insight.domain import sample
from plaudit_testing.review_events import RESOLUTION, SOURCE

pytestmark = pytest.mark.postgres

Spoken = Callable[..., ReviewState]
LATE = "The parcel was late."
QUICK = "Quick help by phone."


async def tell_the_story(saying, said: Spoken, **fields: Any) -> list[str]:
    """40 complaints of late parcels now, 60 of invoices before, and praise; the ids of the first."""
    late = [said(1, LATE, person=f"p:{n}", topics=("delivery",), days_ago=n % 20, **fields) for n in range(40)]
    invoices = [
        said(2, "The invoice was wrong.", person=f"q:{n}", topics=("billing_refund",), days_ago=95 + n % 60, **fields)
        for n in range(60)
    ]
    praise = [
        said(5, QUICK, person=f"r:{n}", topics=("support_contact",), days_ago=n % 80, **fields) for n in range(120)
    ]
    ids = await saying.new(*late)
    await saying.new(*invoices)
    await saying.new(*praise)
    return ids


async def insight(api: httpx.AsyncClient, subject: str = "acme", **params: Any) -> dict[str, Any]:
    answer = await api.get(f"/v1/insight/{subject}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def terms(found: dict[str, Any], side: str) -> list[str]:
    return [each["term"] for each in found[side]["terms"]]


async def test_complaints_praise_and_changes_are_told(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    ids = await tell_the_story(saying, said)
    found = await insight(api)

    assert found["reviews"] == {"low": 40, "middle": 0, "high": 120}
    assert found["reviews_before"] == {"low": 60, "middle": 0, "high": 0}
    assert found["is_sample"] is False
    assert set(terms(found, "complaints")) == {"parcel", "late"}
    assert set(terms(found, "praise")) == {"quick help", "phone"}
    assert set(terms(found, "changes")) == {"parcel", "late"}
    [delivery] = found["complaints"]["topics"]
    assert (delivery["title"], delivery["low"]["count"], delivery["low"]["share"]) == ("Delivery", 40, 1)
    assert {each["topic"]: each["change"]["direction"] for each in found["changes"]["topics"]} == {
        "delivery": "rising", "billing_refund": "falling",
    }  # fmt: skip
    for example in (*delivery["examples"], *found["complaints"]["terms"][0]["examples"]):
        assert example["review_id"] in ids
        assert example["excerpt"] == LATE
    assert (found["complaints"]["note"], found["praise"]["note"], found["changes"]["note"]) == (None, None, None)


async def test_where_all_reviews_say_one_word_nothing_stands_out(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(*(said(1, "Parcels.", person=f"p:{n}", days_ago=n) for n in range(20)))
    await saying.new(*(said(5, "Parcels!", person=f"q:{n}", days_ago=n) for n in range(20)))
    await saying.new(*(said(1, "Parcels.", person=f"r:{n}", days_ago=95 + n) for n in range(40)))

    found = await insight(api)
    assert found["reviews"] == {"low": 20, "middle": 0, "high": 20}
    assert [terms(found, side) for side in ("complaints", "praise", "changes")] == [[], [], []]


async def test_an_example_says_why_it_was_written_as_soon_as_scores_count_it(
    saying, said: Spoken, api: httpx.AsyncClient, staff: httpx.AsyncClient, bus
) -> None:
    rewarded = said(1, LATE, topics=("delivery",), origin=Origin.INCENTIVISED)
    [review_id] = await saying.new(rewarded)

    async def origins() -> list[str | None]:
        [topic] = (await insight(api))["complaints"]["topics"]
        return [each["origin"] for each in topic["examples"]]

    async def page() -> str:
        return (await staff.get("/console/scores/complaints?subject=acme")).text

    assert await origins() == [None]
    assert "given for a reward" not in await page()
    await bus.tell(None, rewarded, review_id=review_id)
    assert await origins() == ["incentivised"]
    assert "given for a reward" in await page()
    unasked = said(1, LATE, topics=("delivery",))
    await bus.tell(rewarded, unasked, review_id=review_id, revision=2)
    assert await origins() == ["organic"]
    assert "given for a reward" not in await page()


async def test_what_is_below_a_subject_counts(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(
        said(1, LATE, subject="acme/berlin"), said(1, LATE, subject="acme/bern"), said(1, LATE, subject="acme")
    )

    counts = [(await insight(api, each))["reviews"]["low"] for each in ("acme", "acme/berlin", "acme/bern")]
    assert counts == [3, 1, 1]


async def test_days_are_those_that_are_asked_for(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    today = datetime.now(UTC).date()
    await saying.new(*(said(1, LATE, days_ago=days) for days in (0, 5, 20, 45, 300)))

    month = await insight(api, **{"from": str(today - timedelta(days=29))})
    assert (month["reviews"]["low"], month["reviews_before"]["low"]) == (3, 1)
    assert (month["to"], month["before"]) == (str(today + timedelta(days=1)), str(today - timedelta(days=59)))
    past = await insight(api, **{"from": str(today - timedelta(days=310)), "to": str(today - timedelta(days=290))})
    assert (past["reviews"]["low"], past["reviews_before"]["low"]) == (1, 0)


async def test_a_persona_and_a_source_narrow_everything(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    other = str(uuid7())
    elsewhere = type(SOURCE)(id=other, name="Other", platform="native", created_at=SOURCE.created_at)
    await tell_the_story(saying, said)
    await saying.new(
        said(1, LATE, personas=("new_user",), topics=("delivery",)),
        said(1, LATE, source=elsewhere),
        said(4, QUICK, source=elsewhere),
    )

    new = await insight(api, persona="new_user")
    assert (new["reviews"]["low"], new["reviews"]["high"], new["persona"]) == (1, 0, "new_user")
    assert [each["low"]["of"] for each in new["complaints"]["topics"]] == [1]
    assert (new["source_name"], new["platform"]) == (None, None)
    from_there = await insight(api, source_id=other)
    assert (from_there["source_id"], from_there["source_name"], from_there["platform"]) == (other, "Other", "native")
    assert (from_there["reviews"]["low"], from_there["reviews"]["high"]) == (1, 1)
    assert terms(from_there, "complaints") == []


async def test_solved_complaints_are_told_with_their_interval(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(said(1, LATE), said(1, LATE, resolution=RESOLUTION, topics=("delivery",)))

    found = await insight(api)
    interval = {"low": pytest.approx(0.0945, abs=1e-4), "high": pytest.approx(0.9055, abs=1e-4)}
    assert found["solved"] == {"count": 1, "of": 2, "share": 0.5, **interval}
    assert found["ease"] == {"answers": 1, "mean": 5, "low": None, "high": None}
    assert found["complaints"]["topics"][0]["solved"]["count"] == 1


async def test_complaints_that_ask_are_marked(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    asked = [said(1, f"How do I cancel my order {chr(97 + n)}?", topics=("cancel_contract",)) for n in range(3)]
    await saying.new(*asked)

    [topic] = (await insight(api))["complaints"]["topics"]
    assert (topic["questions"], topic["answerable_by_content"]) == (3, True)


async def test_of_very_many_reviews_a_sample_is_read_and_topics_are_of_all(
    saying, said: Spoken, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell_the_story(saying, said)
    monkeypatch.setattr(sample, "MAX_SAMPLED", 60)
    found = await insight(api)

    assert found["is_sample"] is True
    assert found["complaints"]["topics"][0]["low"]["count"] == 40
    read = {each["said"]["of"] for each in found["praise"]["terms"]}
    assert read < {*range(30, 100)}
    assert await insight(api) == found


async def test_what_nobody_says_is_a_note(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(said(3))

    found = await insight(api)
    assert found["complaints"]["note"] == (
        "No term stands out: the words of 0 low-rated and 0 high-rated reviews were compared."
    )
    assert found["changes"]["note"].startswith("Too few low-rated reviews")


async def test_a_term_of_four_people_is_not_told(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(*(said(1, "The zeppelin leaked.", person=f"p:{n % 4}") for n in range(40)))
    await saying.new(*(said(5, QUICK, person=f"r:{n}") for n in range(120)))

    assert terms(await insight(api), "complaints") == []


async def test_an_unknown_subject_is_a_404_that_names_what_is_known(
    saying, said: Spoken, api: httpx.AsyncClient
) -> None:
    await saying.new(said(1, LATE))
    answer = await api.get("/v1/insight/acme/nowhere/else")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems#unknown-subject")
    assert answer.json()["detail"].endswith("about `acme/nowhere/else`. `acme` is known.")


async def test_a_subject_of_another_tenant_is_unknown(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(said(1, LATE), tenant_id="other")

    assert (await api.get("/v1/insight/acme")).status_code == 404


async def test_days_without_reviews_are_no_error(saying, said: Spoken, api: httpx.AsyncClient) -> None:
    await saying.new(said(1, LATE, days_ago=900))

    assert (await insight(api))["reviews"] == {"low": 0, "middle": 0, "high": 0}


@pytest.mark.parametrize(
    ("params", "slug"),
    [
        ({"from": "2026-01-01", "to": "2026-01-03"}, "wrong-window"),
        ({"from": "2024-01-01", "to": "2026-01-03"}, "wrong-window"),
        ({"to": "9999-12-31"}, "wrong-window"),
        ({"from": "0001-01-08", "to": "0001-01-15"}, "wrong-window"),
        ({"from": "20260101"}, "invalid-request"),
        ({"from": "2026-02-30"}, "invalid-request"),
        ({"from": "2026-01-01T00:00:00Z"}, "invalid-request"),
        ({"persona": "senior"}, "invalid-request"),
        ({"source_id": "acme-shop"}, "invalid-request"),
        ({"limit": "0"}, "invalid-request"),
        ({"limit": "31"}, "invalid-request"),
        ({"personas": "new_user"}, "invalid-request"),
    ],
)
async def test_what_cannot_be_is_refused(api: httpx.AsyncClient, params: dict[str, str], slug: str) -> None:
    answer = await api.get("/v1/insight/acme", params=params)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems#{slug}")
