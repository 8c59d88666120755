"""Estimates with who, when and why; snapshots of priorities; and the day that begins for all figures at once."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.feedback_board.requests.jobs import DayJob

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)


@pytest.fixture
def begin_day(worker):
    """Begins the days that have not begun, as the job does; returns of how many tenants."""
    job = DayJob(worker)

    async def turn() -> int:
        return await job.turn() if await job.has_work() else 0

    return turn


async def test_estimates_are_kept_with_who_when_and_why(api: httpx.AsyncClient, request_path: str, outbox) -> None:
    first = {"impact": 2, "effort_weeks": 3, "note": "Two of us, most of a week."}
    assert (await api.put(f"{request_path}/sizing", json=first)).json()["sized_at"] is not None
    await api.put(f"{request_path}/sizing", json=first)
    await api.put(f"{request_path}/sizing", json={"impact": 2, "effort_weeks": 3})
    await api.put(f"{request_path}/sizing", json={**first, "note": "Still right."})
    await api.put(f"{request_path}/sizing", json={"impact": None, "effort_weeks": None})
    kept = (await api.get(f"{request_path}/sizings")).json()["items"]
    assert [(each["impact"], each["note"]) for each in kept] == [
        (None, None),
        ("2", "Still right."),
        ("2", "Two of us, most of a week."),
    ]
    assert all(each["actor"].startswith("key:") for each in kept)
    page = (await api.get(f"{request_path}/sizings?limit=2")).json()
    rest = (await api.get(f"{request_path}/sizings", params={"limit": 2, "cursor": page["next"]})).json()
    assert [*page["items"], *rest["items"]] == kept


async def test_a_priority_is_worked_out_in_words_and_an_old_estimate_is_said_to_be(
    api: httpx.AsyncClient, clients, request_path: str, clock
) -> None:
    for number in range(37):
        await api.post(f"{request_path}/votes", json={"person": f"native:p{number}"})
    await api.put("/v1/personas/reach-view", json={"view": "capped", "cap": 100})
    made = await api.put(f"{request_path}/sizing", json={"impact": 2, "effort_weeks": 3, "note": "A guess."})
    await api.post(f"{request_path}/votes", json={"person": "native:p37"})
    await api.request("DELETE", f"{request_path}/votes", json={"person": "native:p37"})
    explained = (await api.get(f"{request_path}/priority")).json()
    assert explained["worked_out"] == "2 × 37 people ÷ 3 weeks = 24.67"
    assert (explained["now"]["weighted_reach"], explained["now"]["priority"]) == ("37", "24.67")
    assert not explained["sizing_is_old"]
    path = f"{made.json()['page']}/priority"
    page = (await clients.visitor().get(path)).text
    assert "2 × 37 people ÷ 3 person-weeks = 24.67" in page
    assert "A guess." in page
    assert "key:" not in page
    assert f'href="{path}"' in (await clients.visitor().get(made.json()["page"])).text
    await clock.move_to(91 * DAY)
    assert (await api.get(f"{request_path}/priority")).json()["sizing_is_old"]
    assert "may not hold any more" in (await clients.visitor().get(path)).text


async def test_a_day_keeps_what_moved_once_and_only_when_all_is_recounted(
    api: httpx.AsyncClient, request_path: str, begin_day, clock, recount
) -> None:
    async def history() -> list[tuple[int, str | None]]:
        held = (await api.get(f"{request_path}/priority")).json()["history"]["items"]
        return [(each["reach"], each["priority"]) for each in held]

    await api.put(f"{request_path}/sizing", json={"impact": 1, "effort_weeks": 1})
    assert await history() == [(0, "0")]
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    await api.post(f"{request_path}/votes", json={"person": "native:ben"})
    assert await history() == [(0, "0")], "votes are kept once a day"
    assert await begin_day() == 1
    assert await begin_day() == 0
    assert await history() == [(2, "2"), (0, "0")]
    await clock.move_to(DAY)
    assert await begin_day() == 1
    assert len(await history()) == 2, "nothing moved"
    await clock.move_to(91 * DAY)
    assert await begin_day() == 0, "the votes have left the window, and are still counted"
    assert await recount() == 1
    assert await begin_day() == 1
    assert await history() == [(0, "0"), (2, "2"), (0, "0")]


async def test_a_day_begins_without_what_was_removed(
    api: httpx.AsyncClient, request_path: str, begin_day, clock, recount
) -> None:
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    post = f"/v1/moderation/posts/request/{request_path.rpartition('/')[2]}"
    assert (await api.post(f"{post}/remove", json={"reason": "Advertises a shop."})).status_code == 200
    await clock.move_to(91 * DAY)
    assert await recount() == 0
    assert await begin_day() == 1, "nobody sees it, so that it is not recounted, and no day waits for it"


async def test_all_mentions_of_a_day_leave_the_window_at_one_midnight(api: httpx.AsyncClient, clock, recount) -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + 91 * DAY
    for title in ("Dark mode", "Light mode"):
        made = (await api.post("/v1/requests", json={"title": title})).json()
        await api.post(f"/v1/requests/{made['id']}/votes", json={"person": "native:anna"})
    await clock.move_to(midnight - timedelta(minutes=5) - now)
    assert await recount() == 0
    await clock.move_to(midnight + timedelta(seconds=1) - now)
    assert await recount() == 2
