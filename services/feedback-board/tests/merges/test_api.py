"""Merges over the API: previewed, made, refused, and undone."""

from typing import Any

import httpx
import pytest

from plaudit.common.ids import uuid7
from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres

REASON = "Both ask for the same."


async def make(api: httpx.AsyncClient, title: str, *voters: str) -> str:
    """A new request with votes; returns its id."""
    request_id = (await api.post("/v1/requests", json={"title": title})).json()["id"]
    for voter in voters:
        await vote(api, request_id, voter)
    return f"{request_id}"


async def vote(api: httpx.AsyncClient, request_id: str, voter: str, method: str = "POST") -> httpx.Response:
    return await api.request(method, f"/v1/requests/{request_id}/votes", json={"person": voter})


async def merge(api: httpx.AsyncClient, request_id: str, into: str, reason: str = REASON) -> httpx.Response:
    return await api.put(f"/v1/requests/{request_id}/merge", json={"into": into, "reason": reason})


async def unmerge(api: httpx.AsyncClient, request_id: str) -> httpx.Response:
    return await api.delete(f"/v1/requests/{request_id}/merge")


async def read(api: httpx.AsyncClient, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/requests/{request_id}")).json()
    return found


async def log(api: httpx.AsyncClient, request_id: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await api.get(f"/v1/requests/{request_id}/activity")).json()["items"]
    return entries


async def test_the_root_counts_each_person_of_both_once_and_the_merged_one_keeps_its_figures(api) -> None:
    merged = await make(api, "Deposit back at once", "native:anna", "native:ben")
    root = await make(api, "Refund the deposit", "native:ben", "native:cara", "native:dan")
    answer = (await merge(api, merged, root)).json()
    assert (answer["already"], answer["request"]["merged_into"]) == (False, root)
    assert (answer["into"]["votes"], answer["into"]["reach"]) == (4, 4)
    kept = await read(api, merged)
    assert (kept["votes"], kept["reach"], kept["merged_at"] is None) == (2, 2, False)
    again = (await merge(api, merged, root)).json()
    assert again["already"]
    assert again["into"]["revision"] == answer["into"]["revision"]


async def test_a_preview_tells_what_the_merge_then_does_and_changes_nothing(api, reviews) -> None:
    merged = await make(api, "Deposit back at once", "native:anna", f"visitor:{uuid7().hex}")
    root = await make(api, "Refund the deposit", "native:anna", "native:cara")
    review = await reviews.published(person="native:eve")
    for each in (merged, root):
        await api.post(f"/v1/requests/{each}/links", json={"review_id": str(review)})
    before = await read(api, merged), await read(api, root)
    preview = (await api.get(f"/v1/requests/{merged}/merge-preview", params={"into": root})).json()
    assert (await read(api, merged), await read(api, root)) == before
    assert (preview["request"], preview["into"]) == before
    assert preview["request_now"] == {
        "votes": 2,
        "anonymous_votes": 1,
        "reach": 2,
        "linked_reviews": 1,
        "merged_requests": 0,
    }
    assert preview["into_now"]["votes"] == 2
    assert preview["voted_for_both"] == 1
    after = (await merge(api, merged, root)).json()["into"]
    assert preview["into_after"] == {
        **{name: after[name] for name in ("votes", "reach", "linked_reviews")},
        "anonymous_votes": 1,
        "merged_requests": 1,
    }
    assert (after["votes"], after["reach"], after["linked_reviews"]) == (3, 3, 1)


async def test_one_who_voted_for_the_merged_one_has_voted_and_takes_back_both_votes_at_the_root(api) -> None:
    merged = await make(api, "Deposit back at once", "native:anna", "native:ben")
    root = await make(api, "Refund the deposit", "native:ben")
    await merge(api, merged, root)
    for person in ("native:anna", "native:ben"):
        again = await vote(api, root, person)
        assert (again.status_code, again.json()["already"], again.json()["request"]["votes"]) == (200, True, 2)
    taken = (await vote(api, root, "native:ben", "DELETE")).json()
    assert (taken["already"], taken["request"]["votes"], taken["request"]["reach"]) == (False, 1, 1)
    assert (await vote(api, root, "native:ben", "DELETE")).json()["already"]
    new = (await vote(api, root, "native:ben")).json()
    assert (new["already"], new["request"]["votes"]) == (False, 2)
    assert (await unmerge(api, merged)).json()["request"]["votes"] == 1
    assert (await read(api, root))["votes"] == 1


async def test_a_merged_request_takes_no_vote_link_status_or_size_and_names_its_root(api, reviews) -> None:
    merged, root = await make(api, "Deposit back at once"), await make(api, "Refund the deposit")
    await merge(api, merged, root)
    path, review = f"/v1/requests/{merged}", await reviews.published()
    answers = [
        await vote(api, merged, "native:anna"),
        await vote(api, merged, "native:anna", "DELETE"),
        await api.post(f"{path}/links", json={"review_id": str(review)}),
        await api.delete(f"{path}/links/{review}"),
        await api.put(f"{path}/status", json={"status": "planned", "reason": "We build it."}),
        await api.put(f"{path}/sizing", json={"impact": 1, "effort_weeks": 1}),
    ]
    for answer in answers:
        assert problem_of(answer) == (409, "request-merged"), answer.request.url
        assert root in answer.json()["detail"]


async def test_a_review_linked_to_both_is_one_and_is_unlinked_at_the_root(api, reviews) -> None:
    merged, root = await make(api, "Deposit back at once"), await make(api, "Refund the deposit")
    review, nameless = await reviews.published(), await reviews.published(person=None)
    for each in (merged, root):
        for said in (review, nameless):
            await api.post(f"/v1/requests/{each}/links", json={"review_id": str(said)})
    into = (await merge(api, merged, root)).json()["into"]
    assert (into["linked_reviews"], into["reach"], into["unidentified_mentions"]) == (2, 1, 1)
    gone = (await api.delete(f"/v1/requests/{root}/links/{review}")).json()
    assert (gone["already"], gone["request"]["linked_reviews"], gone["request"]["reach"]) == (False, 1, 0)
    assert (await api.post(f"/v1/requests/{root}/links", json={"review_id": str(nameless)})).json()["already"]


async def test_undoing_gives_both_what_is_theirs_with_the_votes_that_came_since(api) -> None:
    merged = await make(api, "Deposit back at once", "native:anna", "native:ben")
    root = await make(api, "Refund the deposit", "native:ben")
    await merge(api, merged, root)
    await vote(api, root, "native:cara")
    answer = (await unmerge(api, merged)).json()
    assert (answer["already"], answer["request"]["merged_into"], answer["request"]["merged_at"]) == (False, None, None)
    assert (answer["request"]["votes"], answer["request"]["reach"]) == (2, 2)
    assert (answer["into"]["votes"], answer["into"]["reach"]) == (2, 2)
    again = (await unmerge(api, merged)).json()
    assert (again["already"], again["into"]) == (True, None)


async def test_those_that_came_with_a_request_leave_with_it_and_those_merged_into_the_root_stay(api) -> None:
    first, second, third, fourth = [
        await make(api, title, f"native:{title}") for title in ("First", "Second", "Third", "Fourth")
    ]
    await merge(api, first, second)
    await merge(api, second, third)
    await merge(api, fourth, second)  # goes to the root
    assert [(await read(api, each))["merged_into"] for each in (first, second, fourth)] == [third] * 3
    assert (await read(api, third))["votes"] == 4
    answer = (await unmerge(api, second)).json()
    assert (answer["request"]["votes"], answer["into"]["votes"]) == (2, 2)
    assert (await read(api, first))["merged_into"] == second
    assert (await read(api, fourth))["merged_into"] == third
    await unmerge(api, first)
    assert [(await read(api, each))["votes"] for each in (first, second, third)] == [1, 1, 2]


async def test_what_cannot_be_merged_is_refused_with_what_to_do(api, clients) -> None:
    one, two, three = [await make(api, title) for title in ("One", "Two", "Three")]
    stranger = await clients.with_key("stranger", "*")
    foreign = await make(stranger, "Of another board")
    assert problem_of(await merge(api, one, one)) == (422, "invalid-request")
    assert problem_of(await merge(api, one, foreign)) == (404, "not-found")
    assert problem_of(await merge(api, foreign, one)) == (404, "not-found")
    assert problem_of(await unmerge(api, foreign)) == (404, "not-found")
    assert problem_of(await merge(api, one, two, "\u200b\u200b\u200b")) == (422, "invalid-request")
    await merge(api, one, two)
    back = await merge(api, two, one)
    assert problem_of(back) == (409, "merge-not-possible")
    assert "Undo that merge first" in back.json()["detail"]
    elsewhere = await merge(api, one, three)
    assert problem_of(elsewhere) == (409, "request-merged")
    assert two in elsewhere.json()["detail"]
    for request_id, into in ((one, one), (two, one), (one, three), (three, foreign)):
        preview = await api.get(f"/v1/requests/{request_id}/merge-preview", params={"into": into})
        assert preview.status_code in {404, 409, 422}, "a preview refuses what the merge does"
    assert (await read(api, three))["revision"] == 1


async def test_lists_leave_merged_requests_out_and_show_them_when_asked(api) -> None:
    merged, root = await make(api, "Deposit back at once"), await make(api, "Refund the deposit")
    await merge(api, merged, root)

    async def listed(**parameters: str) -> list[str]:
        return [each["id"] for each in (await api.get("/v1/requests", params=parameters)).json()["items"]]

    for sort in ("priority", "votes", "newest"):
        assert await listed(sort=sort) == [root]
        assert await listed(sort=sort, merged="true") == [merged]
    await unmerge(api, merged)
    assert sorted(await listed()) == sorted([merged, root])
    assert await listed(merged="true") == []


async def test_both_logs_and_the_bus_tell_of_a_merge_and_of_its_undoing(api, outbox) -> None:
    merged, root = await make(api, "Deposit back at once", "native:anna"), await make(api, "Refund the deposit")
    await merge(api, merged, root)
    await unmerge(api, merged)
    ours = [(entry["type"], {**entry["detail"], "figures": None}) for entry in await log(api, merged)]
    theirs = [(entry["type"], {**entry["detail"], "figures": None}) for entry in await log(api, root)]
    here = {"request_id": merged, "title": "Deposit back at once", "figures": None}
    assert ours[:2] == [
        ("request_unmerged", {"into": root, "figures": None}),
        ("request_merged", {"into": root, "reason": REASON, "figures": None}),
    ]
    assert theirs[:2] == [("unmerged_here", here), ("merged_here", {**here, "reason": REASON})]
    assert [entry["detail"]["figures"]["votes"] for entry in (await log(api, root))[:2]] == [0, 1]
    events = (await outbox.events())[-4:]
    assert [(event["type"], event["subject"]) for event in events] == [
        ("request.merged", merged),
        ("request.scored", root),
        ("request.unmerged", merged),
        ("request.scored", root),
    ]
    assert (events[0]["data"]["into"]["votes"], events[0]["data"]["reason"]) == (1, REASON)
    assert [event["data"]["request"]["votes"] for event in events] == [1, 1, 1, 0]


async def test_a_request_of_too_large_a_set_is_refused(api, monkeypatch: pytest.MonkeyPatch) -> None:
    from plaudit.feedback_board.merges import domain

    monkeypatch.setattr(domain, "MAX_SET_REQUESTS", 2)
    one, two, three = [await make(api, title) for title in ("One", "Two", "Three")]
    assert (await merge(api, one, two)).status_code == 200
    refused = await merge(api, three, two)
    assert problem_of(refused) == (409, "merge-not-possible")
    assert "at most 2" in refused.json()["detail"]
