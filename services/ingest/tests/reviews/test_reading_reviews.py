"""Reading reviews: filters, pages, and how each came to be what it is."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from plaudit.common.http.paging import encode_cursor
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

START = datetime.fromisoformat("2026-03-01T00:00:00+00:00")


def published(day: int) -> str:
    return (START + timedelta(days=day)).isoformat()


def about(kind: str, external_id: str, **data: Any) -> dict[str, Any]:
    return {"type": f"review.{kind}", "data": {"id": external_id, **data}}


REVIEWS = [
    created("five", 5, subject="acme", published_at=published(0)),
    created("four", 4, subject="acme/berlin", published_at=published(1)),
    created("two", 2, subject="acme/berlin/shop-1", published_at=published(2)),
    created("one", 1, subject="acme/bern", published_at=published(3), answer={"text": "Sorry."}),
    created("nps", 9, kind="nps", subject="acme/berlin0", published_at=published(4)),
    created("pending", 3, subject="acme", published_at=published(5), answer={"text": "Soon.", "state": "pending"}),
    created("gone", 4, subject="acme", published_at=published(6)),
    about("removed", "gone"),
    about("removed", "never seen", version=3),
]
STORED_EARLIER = {
    "subject": "acme/berlin",
    "kind": "stars",
    "rating": 4.0,
    "raw_rating": {"value": 4.0, "min": 1.0, "max": 5.0},
    "verified": True,
    "origin": "invited",
    "severity": "normal",
    "source": {"id": "s-1", "name": "Our shop", "platform": "native", "created_at": "2026-01-01T08:30:00Z"},
    "external_id": "four",
    "published_at": "2026-03-02T00:00:00Z",
    "rated_at": "2026-03-02T00:00:00.250000Z",
    "received_at": "2026-03-02T00:00:01Z",
    "text": "Cold soup.",
    "tags": ["lunch"],
    "answer": {"text": "Thanks", "published_at": "2026-03-03T00:00:00Z", "state": "pending"},
}
"""The content of a revision as it was stored before a state had a format."""
ALL = ["pending", "nps", "one", "two", "four", "five"]


@pytest.fixture
async def reviews(ingest: Ingest, source: Source) -> None:
    answer = await ingest.post(source, REVIEWS)
    assert (answer.json()["accepted"], answer.json()["unchanged"]) == (len(REVIEWS) - 1, 0)


async def names(ingest: Ingest, **filters: Any) -> list[str]:
    return [review["external_id"] for review in await ingest.items("/v1/reviews", **filters)]


@pytest.mark.usefixtures("reviews")
async def test_each_filter_finds_what_it_says_the_latest_published_first(ingest: Ingest, source: Source):
    expected = [
        ({}, ALL),
        ({"removed": True}, ["gone"]),
        ({"subject": "acme/berlin"}, ["two", "four"]),
        ({"subject": "acme/berlin/shop-1"}, ["two"]),
        ({"subject": "acme"}, ALL),
        ({"subject": "acm"}, []),
        ({"source_id": source.id}, ALL),
        ({"source_id": str(uuid4())}, []),
        ({"external_id": "nps"}, ["nps"]),
        ({"kind": "nps"}, ["nps"]),
        ({"severity": "negative"}, ["one", "two"]),
        ({"rating_gte": 4}, ["nps", "four", "five"]),
        ({"rating_lt": 2}, ["one"]),
        ({"rating_gte": 2, "rating_lt": 4}, ["pending", "two"]),
        ({"published_after": published(4)}, ["pending", "nps"]),
        ({"published_before": published(1)}, ["five"]),
        ({"published_after": published(1), "published_before": published(3)}, ["two", "four"]),
        ({"published_after": "2026-03-05T02:00:00+02:00"}, ["pending", "nps"]),
        ({"answered": True}, ["one"]),
        ({"answered": False}, [name for name in ALL if name != "one"]),
        ({"answered": False, "subject": "acme/berlin", "rating_lt": 3}, ["two"]),
    ]
    found = [(filters, await names(ingest, **filters)) for filters, _ in expected]
    assert found == [
        (filters, sorted(wanted, key=ALL.index) if wanted != ["gone"] else wanted) for filters, wanted in expected
    ]


@pytest.mark.usefixtures("reviews")
async def test_pages_hold_each_review_once_whatever_the_limit(ingest: Ingest):
    for limit in range(1, len(ALL) + 2):
        pages = await ingest.pages("/v1/reviews", limit=limit)
        assert [item["external_id"] for page in pages for item in page] == ALL
        assert {len(page) for page in pages[:-1]} <= {limit}


async def test_pages_part_reviews_of_one_instant_too_and_hold_still_while_new_ones_come(ingest: Ingest, source: Source):
    at = published(0)
    await ingest.post(source, [created(f"r-{number}", published_at=at) for number in range(10)])
    first = (await ingest.get("/v1/reviews", limit=4)).json()
    await ingest.post(
        source, [created("newer", published_at=published(1)), created("older", published_at=published(-1))]
    )
    rest = await ingest.items("/v1/reviews", cursor=first["next"])
    seen = [item["external_id"] for item in first["items"] + rest]
    assert sorted(seen) == sorted(["older", *(f"r-{number}" for number in range(10))])


@pytest.mark.usefixtures("reviews")
async def test_a_page_with_filters_goes_on_with_the_same_filters(ingest: Ingest):
    pages = await ingest.pages("/v1/reviews", limit=1, answered=False, rating_gte=4)
    assert [item["external_id"] for page in pages for item in page] == ["nps", "four", "five"]


async def test_a_review_tells_all_its_revisions_and_which_delivery_each_came_by(ingest: Ingest, source: Source):
    steps = [
        created("r-1", 2, version=1, text="Cold soup."),
        about("edited", "r-1", rating=4, version=2, subject="acme/berlin"),
        about("answered", "r-1", version=3, answer={"text": "Thank you.", "published_at": published(0)}),
        about("answered", "r-1", version=4, answer={"text": "", "state": "removed"}),
        about("removed", "r-1", version=5),
        about("edited", "r-1", text="Warm soup.", version=6),
        about("restored", "r-1", version=7),
    ]
    deliveries = [(await ingest.post(source, step)).json()["delivery_id"] for step in steps]
    [review] = await ingest.items("/v1/reviews")
    read = (await ingest.get(f"/v1/reviews/{review['id']}")).json()
    revisions = read.pop("revisions")
    assert read == review
    assert (read["revision"], read["version"], read["removed"], read["subject"]) == (7, 7, False, "acme/berlin")
    assert [(each["revision"], each["version"], each["type"]) for each in revisions] == [
        (1, 1, "review.created"),
        (2, 2, "review.edited"),
        (3, 3, "review.answered"),
        (4, 4, "review.answer_removed"),
        (5, 5, "review.removed"),
        (6, 6, "review.edited"),
        (7, 7, "review.restored"),
    ]
    assert [each["delivery_id"] for each in revisions] == deliveries
    assert [each["content"]["rating"] for each in revisions] == [2, 4, 4, 4, 4, 4, 4]
    assert [each["content"]["text"] for each in revisions] == ["Cold soup."] * 5 + ["Warm soup."] * 2
    assert [each["known_at"] for each in revisions] == sorted(each["known_at"] for each in revisions)


async def test_every_field_that_was_told_can_be_read(ingest: Ingest, source: Source):
    told = created(
        "r-1",
        3,
        scale={"min": 0, "max": 4},
        subject="acme/berlin",
        title="Fine",
        text="Quite fine.",
        language="en",
        edited_at=published(1),
        published_at=published(0),
        version=9,
        author={"email": "Ann@Example.com", "name": "Ann"},
        verified=True,
        origin="invited",
        tags=["lunch"],
        url="https://example.com/r-1",
        answer={"text": "Thanks.", "published_at": published(2)},
    )
    await ingest.post(source, told)
    [review] = await ingest.items("/v1/reviews")
    assert len(review.pop("person")) == 64
    for name in ("id", "changed_at", "received_at"):
        assert review.pop(name)
    assert review == {
        "resolution": None,
        "source_id": source.id,
        "external_id": "r-1",
        "revision": 1,
        "version": 9,
        "removed": False,
        "subject": "acme/berlin",
        "kind": "stars",
        "rating": 4.0,
        "raw_rating": {"value": 3.0, "min": 0.0, "max": 4.0},
        "severity": "normal",
        "check": False,
        "leave": False,
        "topics": [],
        "personas": [],
        "said": [],
        "language_from_text": False,
        "verified": True,
        "origin": "invited",
        "title": "Fine",
        "text": "Quite fine.",
        "language": "en",
        "tags": ["lunch"],
        "url": "https://example.com/r-1",
        "published_at": "2026-03-01T00:00:00Z",
        "edited_at": "2026-03-02T00:00:00Z",
        "rated_at": "2026-03-01T00:00:00Z",
        "answer": {"text": "Thanks.", "published_at": "2026-03-03T00:00:00Z", "state": "published"},
    }
    assert "Ann" not in (await ingest.get("/v1/reviews")).text


@pytest.mark.usefixtures("reviews")
async def test_a_review_that_was_never_seen_is_a_404_even_where_its_removal_waits_for_it(ingest: Ingest):
    [unknown] = await ingest.rows("SELECT id FROM ingest.reviews WHERE external_id = 'never seen'")
    for review_id in (unknown["id"], uuid4()):
        assert (await ingest.get(f"/v1/reviews/{review_id}")).status_code == 404


@pytest.mark.usefixtures("reviews")
async def test_a_state_that_an_earlier_version_stored_is_read_and_edited_and_told_as_it_was(
    ingest: Ingest, source: Source
):
    await _store_as_earlier(ingest)
    [review] = await ingest.items("/v1/reviews", external_id="four")
    assert (review["text"], review["answer"]["state"]) == ("Cold soup.", "pending")
    read = (await ingest.get(f"/v1/reviews/{review['id']}")).json()
    assert [each["content"] for each in read["revisions"]] == [STORED_EARLIER]
    await ingest.post(source, about("edited", "four", text="Warm soup."))
    [row] = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY xid DESC, id DESC LIMIT 1")
    change = json.loads(row["envelope"])["data"]
    assert change["before"] == STORED_EARLIER
    assert change["after"] == {**change["before"], "text": "Warm soup."}
    formats = (
        "SELECT state_format FROM ingest.revisions JOIN ingest.reviews ON id = review_id WHERE external_id = 'four'"
    )
    assert [row["state_format"] for row in await ingest.rows(f"{formats} ORDER BY revisions.revision")] == [1, 3]


@pytest.mark.usefixtures("reviews")
async def test_a_review_that_an_earlier_version_stored_and_removed_is_restored_as_it_was(
    ingest: Ingest, source: Source
):
    await ingest.post(source, about("removed", "four"))
    await _store_as_earlier(ingest)
    assert "four" not in {review["external_id"] for review in await ingest.items("/v1/reviews")}
    await ingest.post(source, about("restored", "four"))
    [review] = await ingest.items("/v1/reviews", external_id="four")
    read = (await ingest.get(f"/v1/reviews/{review['id']}")).json()
    assert [each["content"] for each in read["revisions"]] == [STORED_EARLIER] * 3
    [row] = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY xid DESC, id DESC LIMIT 1")
    assert json.loads(row["envelope"])["data"]["after"] == STORED_EARLIER


async def _store_as_earlier(ingest: Ingest) -> None:
    await ingest.superuser.execute(
        "UPDATE ingest.revisions SET state = $1, state_format = DEFAULT FROM ingest.reviews "
        "WHERE review_id = id AND external_id = 'four'",
        json.dumps(STORED_EARLIER).encode(),
    )


LIST = "/v1/reviews?"
"""What the cursors of the whole list belong to."""
HOSTILE = {
    "limit": ["0", "-1", "501", "x", "1e3", "9" * 30],
    "cursor": [
        *("", "x", "=" * 10, "A" * 3_000, encode_cursor(1, 2, of=LIST), encode_cursor(START, of=LIST)),
        encode_cursor("0001", uuid4(), of=LIST),
        encode_cursor("0001-01-01T00:00:00+14:00", uuid4(), of=LIST),
        encode_cursor("9999-12-31T23:59:59-14:00", uuid4(), of=LIST),
    ],
    "subject": ["", "Acme", "acme/", "'; --", "%", "_", "\\", "é", "x" * 5_000],
    "source_id": ["x", "", "0" * 31],
    "external_id": [""],
    "kind": ["x", ""],
    "severity": ["x"],
    "rating_gte": ["x", "nan", "inf", "-inf", "1e400"],
    "rating_lt": ["nan"],
    "published_after": [
        "x",
        "2026-03-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1e300",
        "0.5",
        "1772366400",
    ],
    "published_before": ["2026-13-01T00:00:00Z", "9" * 20, "0.5", "0"],
    "answered": ["maybe"],
    "removed": ["2"],
}


async def test_an_invented_cursor_of_changes_that_no_review_can_have_is_refused(ingest: Ingest):
    cursor = encode_cursor(-1, uuid4(), of=f"{LIST}sort=changed")

    assert (await ingest.get("/v1/reviews", sort="changed", cursor=cursor)).status_code == 422


@pytest.mark.usefixtures("reviews")
async def test_a_parameter_that_cannot_be_is_refused_and_never_a_500(ingest: Ingest):
    taken = []
    for name, values in HOSTILE.items():
        for value in values:
            answer = await ingest.get("/v1/reviews", **{name: value})
            if answer.status_code != 422:
                taken.append((name, value, answer.status_code))
    assert not taken, taken


async def test_a_state_of_a_later_version_is_a_503_to_who_reads_and_who_posts_and_nothing_is_set_aside(
    ingest: Ingest, source: Source
):
    await ingest.post(source, created("five"))
    [review] = await ingest.items("/v1/reviews", external_id="five")
    await ingest.superuser.execute(
        "UPDATE ingest.revisions SET state_format = 99 WHERE review_id = $1::text::uuid", review["id"]
    )
    before = await ingest.counts()
    assert (await ingest.get(f"/v1/reviews/{review['id']}")).status_code == 503
    assert (await ingest.post(source, about("edited", "five", title="later"))).status_code == 503
    assert await ingest.counts() == before
