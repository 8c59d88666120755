"""Personas over HTTP: who has which, mutes, and what they do to reach and priority."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.feedback_board.personas.jobs import MuteJob

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)


async def _persona(api: httpx.AsyncClient, name: str, **more: Any) -> str:
    made = await api.post("/v1/personas", json={"name": name, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _ask(api: httpx.AsyncClient, path: str, people: int, persona: str | None = None, *, name: str = "p") -> None:
    for number in range(people):
        person = {"person": f"native:{name}{number}"}
        if persona is not None:
            given = await api.put(f"/v1/personas/{persona}/people", json={**person, "source": "plan"})
            assert given.status_code == 200, given.text
        assert (await api.post(f"{path}/votes", json=person)).status_code == 201


async def _figures(api: httpx.AsyncClient, path: str) -> tuple[int, str, str | None]:
    request = (await api.get(path)).json()
    return request["reach"], request["weighted_reach"], request["priority"]


async def test_a_persona_counts_up_to_its_cap_and_the_views_stand_side_by_side(
    api: httpx.AsyncClient, request_path: str, recount
) -> None:
    trial = await _persona(api, "Trial")
    await api.put(f"{request_path}/sizing", json={"impact": 2, "effort_weeks": 1})
    await _ask(api, request_path, 12, trial)
    await _ask(api, request_path, 2, name="q")
    assert await _figures(api, request_path) == (14, "12", "24")
    reach = (await api.get(f"{request_path}/reach")).json()
    assert (reach["people"], reach["counted_view"]) == (14, "capped")
    assert {each["view"]: each["reach"] for each in reach["views"]} == {"raw": "14", "capped": "12", "sqrt": "4.88"}
    assert [(each["name"], each["people"]) for each in reach["strata"]] == [("Trial", 12), (None, 2)]
    assert (await api.put("/v1/personas/reach-view", json={"view": "raw"})).json() == {"view": "raw", "cap": None}
    assert await recount() == 1
    assert await _figures(api, request_path) == (14, "14", "28")


async def test_a_mute_keeps_the_votes_says_so_in_public_and_ends_by_itself(
    api: httpx.AsyncClient, clients, request_path: str, recount, clock, worker
) -> None:
    trial = await _persona(api, "Trial")
    await api.put(f"{request_path}/sizing", json={"impact": 1, "effort_weeks": 1})
    await _ask(api, request_path, 3, trial)
    await _ask(api, request_path, 1, name="q")
    mute = {"reason": "One class of students.", "until": (datetime.now(UTC) + 30 * DAY).isoformat()}
    assert (await api.put(f"/v1/personas/{trial}/mute", json=mute)).json()["mute"]["reason"] == mute["reason"]
    assert await recount() == 1
    assert await _figures(api, request_path) == (4, "1", "1")
    request = (await api.get(request_path)).json()
    assert (request["votes"], request["muted_people"]) == (4, 3)
    page = (await clients.visitor().get(f"{request['page']}/priority")).text
    assert "weighted view" in page
    assert "One class of students" not in page
    job = MuteJob(worker)
    assert not await job.has_work()
    await clock.move_to(31 * DAY)
    assert await job.has_work()
    assert await job.turn() == 1
    assert await recount() == 1
    assert await _figures(api, request_path) == (4, "4", "4")


async def test_a_request_about_safety_counts_everyone_whatever_is_muted(
    api: httpx.AsyncClient, request_path: str, recount
) -> None:
    trial = await _persona(api, "Trial")
    await _ask(api, request_path, 12, trial)
    assert (await api.put(f"{request_path}/concern", json={"concern": "safety"})).json()["weighted_reach"] == "12"
    mute = {"reason": "Too loud.", "until": (datetime.now(UTC) + DAY).isoformat()}
    await api.put(f"/v1/personas/{trial}/mute", json=mute)
    await recount()
    assert (await _figures(api, request_path))[:2] == (12, "12")
    await api.put(f"{request_path}/concern", json={"concern": None})
    assert (await _figures(api, request_path))[:2] == (12, "0")


async def test_a_person_has_one_persona_and_an_address_is_not_kept(
    api: httpx.AsyncClient, request_path: str, recount, worker
) -> None:
    trial, team = await _persona(api, "Trial"), await _persona(api, "Team")
    person = {"email": "Anna@Example.com"}
    await api.post(f"{request_path}/votes", json=person)
    for persona in (trial, team):
        await api.put(f"/v1/personas/{persona}/people", json={**person, "source": "fact"})
    again = await api.put(f"/v1/personas/{team}/people", json={"email": "anna@example.com", "source": "fact"})
    assert again.json()["already"]
    people = {each["name"]: each["people"] for each in (await api.get("/v1/personas")).json()["items"]}
    assert people == {"Team": 1, "Trial": 0}
    await recount()
    assert [each["name"] for each in (await api.get(f"{request_path}/reach")).json()["strata"]] == ["Team"]
    async with worker.transaction() as tx:
        kept = await tx.raw.fetchval("SELECT string_agg(persona_people::text, '') FROM persona_people")
    assert "example" not in kept.lower()
    gone = await api.request("DELETE", f"/v1/personas/{team}/people", json=person)
    assert not gone.json()["already"]
    await recount()
    assert [each["name"] for each in (await api.get(f"{request_path}/reach")).json()["strata"]] == [None]


async def test_what_a_persona_must_not_be_is_refused(api: httpx.AsyncClient) -> None:
    trial = await _persona(api, "Trial", population_share="0.25")
    refused = [
        await api.post("/v1/personas", json={"name": "TRIAL"}),
        await api.post("/v1/personas", json={"name": "\u200b"}),
        await api.post("/v1/personas", json={"name": "Team", "population_share": "1.5"}),
        await api.put(f"/v1/personas/{trial}/mute", json={"reason": "Why.", "until": "2020-01-01T00:00:00Z"}),
        await api.put(f"/v1/personas/{trial}/mute", json={"reason": "Why.", "until": "2999-01-01T00:00:00Z"}),
        await api.put("/v1/personas/reach-view", json={"view": "raw", "cap": 10}),
        await api.put("/v1/personas/reach-view", json={"view": "capped", "cap": 4}),
        await api.put(
            "/v1/personas/00000000-0000-0000-0000-000000000001/people", json={"person": "native:a", "source": "tag"}
        ),
    ]
    assert [answer.status_code for answer in refused] == [409, 422, 422, 422, 422, 422, 422, 404]


async def test_another_tenants_persona_is_not_found(api: httpx.AsyncClient, clients) -> None:
    trial = await _persona(api, "Trial")
    other = await clients.with_key("other", "*")
    answers = [
        await other.put(f"/v1/personas/{trial}", json={"name": "Ours"}),
        await other.delete(f"/v1/personas/{trial}/mute"),
        await other.put(f"/v1/personas/{trial}/people", json={"person": "native:a", "source": "tag"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await other.get("/v1/personas")).json()["items"] == []


async def test_the_console_makes_mutes_and_unmutes_personas(api: httpx.AsyncClient, clients) -> None:
    staff = await clients.staff("default", "board:read", "board:write")
    path = "/console/personas"
    assert (await staff.post(path, data={"name": "Trial", "population_share": "0,5"})).status_code == 303
    assert "more than one" not in (await staff.get(path)).text
    persona = (await api.get("/v1/personas")).json()["items"][0]
    assert persona["population_share"] == "0.5"
    refused = await staff.post(f"{path}/{persona['id']}/mute", data={"reason": " ", "days": "30"})
    assert refused.status_code == 422
    await staff.post(f"{path}/{persona['id']}/mute", data={"reason": "Too loud.", "days": "30"})
    assert "Too loud." in (await staff.get(path)).text
    await staff.post(f"{path}/{persona['id']}/unmute")
    assert (await api.get("/v1/personas")).json()["items"][0]["mute"] is None
    assert (await staff.post(f"{path}/reach-view", data={"view": "capped", "cap": "7"})).status_code == 303
    assert (await api.get("/v1/personas/reach-view")).json() == {"view": "capped", "cap": 7}
    assert (await staff.post(f"{path}/reach-view", data={"view": "capped", "cap": "x"})).status_code == 422
