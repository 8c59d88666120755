"""The last events of scores over HTTP, in pages and live."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.http import event_stream
from plaudit.common.http.paging import encode_cursor
from plaudit.scoring.publishing import store
from plaudit.scoring.publishing.domain import Place
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

EVENTS = "/v1/score-events"
STREAM = {"accept": event_stream.EVENT_STREAM}


async def comes(bus, subject: str, rating: float = 5.0, **envelope: Any) -> None:
    await bus.tell(None, review_state(rating, subject, rated_at=datetime.now(UTC)), **envelope)


def subjects(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["subject"] for item in answer.json()["items"]]


async def test_the_last_event_of_each_subject_is_what_the_bus_was_told(bus, publisher, api: httpx.AsyncClient) -> None:
    await comes(bus, "acme/berlin")
    await publisher.marked()
    await comes(bus, "acme", 2.0)
    await publisher.marked()

    items = {item["subject"]: item for item in (await api.get(EVENTS)).json()["items"]}
    told = {event["subject"]: event["data"] for event in await publisher.events()}
    assert items.keys() == told.keys()
    for subject, item in items.items():
        without_nulls = {name: value for name, value in item.items() if value is not None}
        for score in without_nulls["profiles"].values():
            for name in ("next_stars", "half_life_days"):
                if score[name] is None:
                    del score[name]
        assert without_nulls == told[subject]


async def test_pages_go_on_in_the_order_of_events(bus, publisher, api: httpx.AsyncClient) -> None:
    for subject in ("b", "a/x", "c"):
        await comes(bus, subject)
        await publisher.marked()
    await comes(bus, "b")
    await publisher.marked()

    first = await api.get(EVENTS, params={"limit": 2})
    assert subjects(first) == ["a", "a/x"]
    second = await api.get(EVENTS, params={"limit": 2, "cursor": first.json()["next"]})
    assert subjects(second) == ["c", "b"]
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"under": "acme"}, ["acme", "acme/berlin"]),
        ({"subject": "acme"}, ["acme"]),
        ({"under": "acme/berlin", "subject": "acme"}, []),
        ({"subject": "nobody"}, []),
    ],
)
async def test_one_subject_alone_or_with_all_below_it(
    bus, publisher, api: httpx.AsyncClient, filters: dict[str, str], wanted: list[str]
) -> None:
    for subject in ("acme/berlin", "acme-2", "globex"):
        await comes(bus, subject)
    await publisher.marked()

    assert sorted(subjects(await api.get(EVENTS, params=filters))) == wanted


async def test_a_tenant_reads_its_own_events_only(bus, publisher, api: httpx.AsyncClient, client_of) -> None:
    await comes(bus, "acme", tenant_id="other")
    await publisher.marked()

    assert subjects(await api.get(EVENTS)) == []
    assert subjects(await (await client_of("other")).get(EVENTS)) == ["acme"]


async def streamed(
    api: httpx.AsyncClient, wanted: int, last_id: str | None = None, then: Any = None, **filters: str
) -> list[tuple[str, dict[str, Any]]]:
    """(id, data) of so many events of a live stream; `then` is done when it has begun."""
    headers = STREAM | ({} if last_id is None else {"last-event-id": last_id})
    found: list[tuple[str, dict[str, Any]]] = []
    async with api.stream("GET", EVENTS, headers=headers, params=filters) as answer:
        assert answer.headers["content-type"].startswith(event_stream.EVENT_STREAM)
        event_id = ""
        async for line in answer.aiter_lines():
            if line.startswith("retry:") and then is not None:
                await then()
            if line.startswith("id: "):
                event_id = line.removeprefix("id: ")
            if line.startswith("data: "):
                found.append((event_id, json.loads(line.removeprefix("data: "))))
                if len(found) == wanted:
                    return found
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that ask often and end soon: the tests' client reads an answer only when it is whole."""
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(event_stream, "STREAM_AGE", event_stream.STREAM_AGE / 600)


@pytest.mark.usefixtures("quick")
async def test_a_page_and_a_stream_from_its_end_miss_nothing(bus, publisher, api: httpx.AsyncClient) -> None:
    await comes(bus, "acme")
    await publisher.marked()
    page = (await api.get(EVENTS)).json()
    await comes(bus, "acme")
    await comes(bus, "globex")
    await publisher.marked()

    found = await streamed(api, 2, page["last_event_id"])
    assert {data["subject"]: data["profiles"]["trust"]["count"] for _, data in found} == {"acme": 2, "globex": 1}
    last = [data["subject"] for _, data in await streamed(api, 1, found[0][0])]
    assert last == [found[1][1]["subject"]]


@pytest.mark.usefixtures("quick")
async def test_a_stream_of_one_subject_tells_of_no_other(bus, publisher, api: httpx.AsyncClient) -> None:
    page = (await api.get(EVENTS, params={"subject": "acme"})).json()
    await comes(bus, "globex")
    await comes(bus, "acme/berlin")
    await publisher.marked()

    found = await streamed(api, 9, page["last_event_id"], subject="acme")
    assert [data["subject"] for _, data in found] == ["acme"]


@pytest.mark.usefixtures("quick")
async def test_an_id_of_other_filters_is_refused(api: httpx.AsyncClient) -> None:
    page = (await api.get(EVENTS, params={"subject": "acme"})).json()

    for headers in (STREAM | {"last-event-id": page["last_event_id"]}, STREAM | {"last-event-id": "x"}):
        assert (await api.get(EVENTS, headers=headers)).status_code == 422


async def test_an_invented_place_that_no_event_can_have_is_refused(api: httpx.AsyncClient) -> None:
    answers = [
        await api.get(EVENTS, params={"cursor": encode_cursor(-1, "acme", of=f"{EVENTS}?")}),
        await api.get(EVENTS, headers=STREAM | {"last-event-id": encode_cursor(-1, "acme", of=f"{EVENTS}? live")}),
    ]

    assert {problem_of(each) for each in answers} == {(422, "invalid-cursor")}


@pytest.mark.usefixtures("quick")
async def test_a_place_that_a_restored_database_has_not_reached_is_refused_and_whoever_begins_anew_misses_nothing(
    bus, publisher, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for subject in ("acme", "globex"):
        await comes(bus, subject)
        await publisher.marked()
    page = (await api.get(EVENTS, params={"limit": 1})).json()
    lost = (await api.get(EVENTS)).json()["last_event_id"]

    async def restored(_tx: Any) -> Place:
        return Place(7, "")

    with monkeypatch.context() as past:
        past.setattr(store, "end", restored)
        refused = [
            await api.get(EVENTS, headers=STREAM | {"last-event-id": lost}),
            await api.get(EVENTS, params={"limit": 1, "cursor": page["next"]}),
        ]
        assert {problem_of(each) for each in refused} == {(422, "invalid-cursor")}
        assert all("restored" in each.json()["detail"] and "all pages" in each.json()["detail"] for each in refused)
        anew = await api.get(EVENTS)
    assert subjects(anew) == ["acme", "globex"]


@pytest.mark.usefixtures("quick")
async def test_a_stream_that_stands_at_a_place_that_is_gone_ends_at_once(
    bus, publisher, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is restored while the stream is open: what it asks for then would come much later, or never."""
    monkeypatch.setattr(event_stream, "STREAM_AGE", timedelta(hours=1))
    await comes(bus, "acme")
    await publisher.marked()
    asked = 0
    end = store.end

    async def restored(tx: Any) -> Place:
        nonlocal asked
        asked += 1
        return await end(tx) if asked <= 2 else Place(7, "")

    monkeypatch.setattr(store, "end", restored)
    answer = await api.get(EVENTS, headers=STREAM)

    assert asked == 3, "where it begins, a step later, and when it was restored"
    [place] = [line.removeprefix("id: ") for line in answer.text.splitlines() if line.startswith("id: ")]
    assert problem_of(await api.get(EVENTS, headers=STREAM | {"last-event-id": place})) == (422, "invalid-cursor")
