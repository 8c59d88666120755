"""Staff vote in the place of a person, and the log keeps why."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from plaudit_testing.board_pages import activity_of, page_of, put_on_board, submit
from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres


@pytest.fixture
async def staff(clients: Any) -> httpx.AsyncClient:
    """A browser that is signed in with every scope."""
    browser: httpx.AsyncClient = await clients.staff("default", "*")
    return browser


async def test_the_api_keeps_the_reason_of_a_vote_in_the_log_and_says_it_to_nobody(
    api: httpx.AsyncClient, request_path: str, outbox: Any
) -> None:
    vote = {"person": "native:anna", "reason": "Asked for it on the phone."}
    assert (await api.post(f"{request_path}/votes", json=vote)).status_code == 201
    again = await api.post(f"{request_path}/votes", json={**vote, "reason": "Once more."})
    assert again.json()["already"] is True
    (entry,) = await activity_of(api, "voted")
    assert entry["detail"]["reason"] == "Asked for it on the phone."
    assert "phone" not in str(await outbox.events())


@pytest.mark.parametrize("reason", ["", "ab", "\u200b\u200b\u200b\u200b"])
async def test_a_reason_that_says_nothing_is_refused(api: httpx.AsyncClient, request_path: str, reason: str) -> None:
    answer = await api.post(f"{request_path}/votes", json={"person": "native:anna", "reason": reason})
    assert problem_of(answer) == (422, "invalid-request")
    assert (await api.get(request_path)).json()["votes"] == 0


async def console_of(staff: httpx.AsyncClient, api: httpx.AsyncClient) -> tuple[str, Any]:
    (request,) = (await api.get("/v1/requests")).json()["items"]
    path = f"/console/requests/{request['id']}"
    page = page_of(await staff.get(path))
    (form,) = [each for each in page.all("form") if each.attributes["action"].endswith("/votes")]
    return path, form


async def test_the_form_takes_an_address_or_a_key_and_counts_each_person_once(
    api: httpx.AsyncClient, staff: Any, worker: Any
) -> None:
    await put_on_board(api, "Dark mode")
    path, form = await console_of(staff, api)
    why = "Asked for it on the phone."
    outcomes = []
    for voter in ("Anna@Example.com", " anna@example.COM ", "native:ben"):
        answer = await submit(staff, form, voter=voter, why=why)
        outcomes.append([each.text for each in page_of(answer).all(role="status")])
        assert answer.url.path == path
    assert outcomes == [
        ["The vote for “Dark mode” counts."],
        ["This person had voted for “Dark mode” before."],
        ["The vote for “Dark mode” counts."],
    ]
    (request,) = (await api.get("/v1/requests")).json()["items"]
    assert (request["votes"], request["reach"]) == (2, 2)
    assert [entry["detail"]["reason"] for entry in await activity_of(api, "voted")] == [why, why]
    async with worker.transaction() as tx:
        kept = await tx.raw.fetchval("SELECT string_agg(activity::text, ' ') FROM activity")
    assert "example.com" not in kept.lower()


@pytest.mark.parametrize(
    ("voter", "why", "field"),
    [
        ("", "On the phone.", "voter"),
        ("anna@", "On the phone.", "voter"),
        ("with space", "On the phone.", "voter"),
        ("native:anna", "", "why"),
    ],
)
async def test_a_refused_form_comes_back_with_what_was_typed(
    api: httpx.AsyncClient, staff: Any, voter: str, why: str, field: str
) -> None:
    await put_on_board(api, "Dark mode")
    _, form = await console_of(staff, api)
    answer = await submit(staff, form, voter=voter, why=why)
    assert answer.status_code == 422
    page = page_of(answer)
    assert page.one("input", id="voter").attributes["value"] == voter
    assert page.one("input", id=field).attributes["aria-invalid"] == "true"
    assert (await api.get("/v1/requests")).json()["items"][0]["votes"] == 0


async def test_an_erasure_takes_the_reason_with_the_person(
    api: httpx.AsyncClient, request_path: str, worker: Any
) -> None:
    from plaudit.feedback_board.requests import commands

    await api.post(f"{request_path}/votes", json={"person": "native:anna", "reason": "Anna Smith called."})
    async with worker.transaction() as tx:
        await commands.erase_person(tx, "default", "native:anna", datetime(9999, 1, 1, tzinfo=UTC), 10)
    (entry,) = await activity_of(api, "voted")
    assert "Smith" not in str(entry)


async def test_estimates_are_shown_with_who_when_and_why(api: httpx.AsyncClient, staff: Any) -> None:
    await put_on_board(api, "Dark mode")
    (request,) = (await api.get("/v1/requests")).json()["items"]
    for impact, note in ((1, "A first guess."), (2, "After a look.")):
        sizing = {"impact": impact, "effort_weeks": 3, "note": note}
        await api.put(f"/v1/requests/{request['id']}/sizing", json=sizing)
    page = page_of(await staff.get(f"/console/requests/{request['id']}"))
    (listed,) = [each for each in page.all("section") if each.all("h3") and each.all("h3")[0].text == "Estimates"]
    newest, first = (each.text for each in listed.all("li"))
    assert "Impact high (2), effort 3 person-weeks" in newest
    assert "After a look." in newest
    assert "A first guess." in first
    assert "key " in newest
