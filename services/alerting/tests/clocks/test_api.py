import pytest

from plaudit.alerting.clocks.domain.clock import clock_id
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import Answers
from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


@pytest.fixture
async def api(stage):
    return await stage.client()


async def ids(api, **parameters):
    response = await api.get("/v1/clocks", params=parameters)
    assert response.status_code == 200, response.text
    return [item["review_id"] for item in response.json()["items"]]


async def test_a_clock_is_shown_with_all_that_matters(stage, api):
    await stage.happens(None, review(), at(0))
    [item] = (await api.get("/v1/clocks")).json()["items"]
    assert item == {
        "id": str(clock_id("default", "review-1", Metric.FIRST_ANSWER)),
        "review_id": "review-1",
        "source_id": "01956d00-0000-7000-8000-000000000001",
        "external_id": "r-1",
        "subject": "acme/berlin",
        "state": "running",
        "answers": "told",
        "metric": "first_answer",
        "anchor_at": "2026-03-02T09:00:00Z",
        "due_at": "2026-03-03T09:00:00Z",
        "started_at": "2026-03-02T09:00:00Z",
        "fulfilled_at": None,
        "breached_at": None,
        "cancelled_at": None,
        "unknown_at": None,
        "provisional": False,
        "reason": "published",
        "run": 1,
        "policy_id": "own",
        "policy_revision": 1,
        "policy_class": "one-or-two-stars",
        "calendar": None,
        "calendar_revision": None,
        "applied_at": None,
        "pauses": [],
        "about_kind": "review",
        "about_id": "review-1",
        "instance": 1,
        "source_name": "Acme shop",
        "severity": "negative",
        "stars": 1,
    }


async def test_clocks_are_filtered_by_subject_and_below_by_state_and_by_review(stage, api):
    subjects = {"a": "acme", "b": "acme/berlin", "c": "acme/berlin/shop-3", "d": "acme/berlin-west", "e": "other"}
    for name, subject in subjects.items():
        await stage.happens(None, review(subject=subject), at(0), review_id=name)
    late = review(subject="acme/berlin")
    await stage.happens(late, answered(late, at(1)), at(1), review_id="b")
    assert set(await ids(api, subject="acme/berlin")) == {"b", "c"}
    assert set(await ids(api, subject="acme")) == {"a", "b", "c", "d"}
    assert set(await ids(api, subject="acme", state="running")) == {"a", "c", "d"}
    assert await ids(api, state="fulfilled") == ["b"]
    assert await ids(api, review_id="e") == ["e"]
    assert (await api.get("/v1/clocks", params={"review_id": ""})).status_code == 422


async def test_pages_go_on_where_the_last_one_ended(stage, api):
    for number in range(7):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    seen, cursor = [], None
    while True:
        page = (await api.get("/v1/clocks", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["review_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted({f"review-{number}" for number in range(7)})


async def test_a_clock_is_read_with_its_log(stage, api):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    body = (await api.get(f"/v1/clocks/{(await stage.clock())['id']}")).json()
    assert [entry["kind"] for entry in body["log"]] == ["started", "warned", "warned", "breached"]
    assert body["log"][0]["anchor_at"] == "2026-03-02T09:00:00Z"
    assert [entry["fraction"] for entry in body["log"]] == [None, 0.5, 0.8, None]
    assert body["log"][3]["happened_at"] == body["due_at"]
    assert body["state"] == "breached"


async def test_the_same_review_id_in_two_tenants_is_two_clocks(stage):
    await stage.happens(None, review(), at(0))
    await stage.happens(None, review(), at(0), tenant="other")
    assert (await stage.clock())["id"] != (await stage.clock(tenant="other"))["id"]


async def test_clocks_of_which_nobody_knows_how_they_ended_can_be_listed(stage, api):
    await stage.happens(None, review(), at(0), review_id="told")
    await stage.happens(None, review(), at(0), review_id="untold", answers=Answers.UNTOLD)
    await stage.move_to(at(25))
    await stage.fires()
    assert await ids(api, state="unknown") == ["untold"]
    assert await ids(api, state="breached") == ["told"]
    [item] = (await api.get("/v1/clocks", params={"state": "unknown"})).json()["items"]
    assert (item["answers"], item["unknown_at"]) == ("untold", "2026-03-03T09:00:00Z")
    log = (await api.get(f"/v1/clocks/{item['id']}")).json()["log"]
    assert [entry["kind"] for entry in log][-1] == "unknown"


@pytest.mark.parametrize("change", ["pause", "resume", "move", "fulfil", "settle"])
async def test_a_reason_that_nobody_can_see_changes_no_clock(stage, api, change):
    await stage.happens(None, review(), at(0), review_id="one")
    path = f"/v1/clocks/{clock_id('default', 'one', Metric.FIRST_ANSWER)}"
    given = {"reason": "\u200b"}
    if change in {"fulfil", "settle"}:
        of_kind = {"happened_at": at(1).isoformat()} if change == "fulfil" else {"answered_at": None}
        given = {"note": "\u200b", **of_kind}
    refused = await api.post(f"{path}/{change}", json=given)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "shows_nothing")
    assert (await api.get(path)).json()["state"] == "running"


async def test_running_paused_and_settled_clocks_are_one_list_in_the_order_of_their_due_times(stage, api):
    for hour in range(6):
        state = review(published_at=at(hour), rated_at=at(hour))
        await stage.happens(None, state, at(hour), review_id=f"review-{hour}")
    for number in (2, 5):
        path = f"/v1/clocks/{clock_id('default', f'review-{number}', Metric.FIRST_ANSWER)}/pause"
        assert (await api.post(path, json={"reason": "They look for the order."})).status_code == 200
    await stage.move_to(at(25.5))
    await stage.fires()
    items = (await api.get("/v1/clocks")).json()["items"]
    assert [(item["review_id"], item["state"]) for item in items] == [
        ("review-0", "breached"), ("review-1", "breached"), ("review-2", "paused"), ("review-3", "running"),
        ("review-4", "running"), ("review-5", "paused"),
    ]  # fmt: skip
    within = {"due_after": items[1]["due_at"], "due_before": items[4]["due_at"]}
    assert await ids(api, **within) == ["review-1", "review-2", "review-3"]
    found, cursor = [], None
    while not found or cursor is not None:
        page = (await api.get("/v1/clocks", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        found += page["items"]
        cursor = page["next"]
    assert found == items
