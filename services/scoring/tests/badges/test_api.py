"""Which scores are public, over HTTP, on a real database."""

import httpx
import pytest

from plaudit.scoring.badges import commands
from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres

KITE = {"name": "Kite Coffee", "kind": "local_business"}


@pytest.fixture
async def writer(client_of) -> httpx.AsyncClient:
    return await client_of("default", "scores:read", "scores:write")


async def test_a_badge_is_put_read_changed_listed_and_deleted(writer: httpx.AsyncClient) -> None:
    put = await writer.put("/v1/badges/acme/berlin", json=KITE)
    assert (put.status_code, put.json()["name"], put.json()["kind"]) == (200, "Kite Coffee", "local_business")
    assert (await writer.get("/v1/badges/acme/berlin")).json() == put.json()

    changed = (await writer.put("/v1/badges/acme/berlin", json={"name": " Kite "})).json()
    assert (changed["name"], changed["kind"]) == ("Kite", "organization")
    await writer.put("/v1/badges/acme", json=KITE)
    first = (await writer.get("/v1/badges", params={"limit": 1})).json()
    second = (await writer.get("/v1/badges", params={"limit": 1, "cursor": first["next"]})).json()
    assert [first["items"][0]["subject"], second["items"][0]["subject"]] == ["acme", "acme/berlin"]
    assert second["next"] is None

    assert (await writer.delete("/v1/badges/acme/berlin")).status_code == 204
    assert problem_of(await writer.get("/v1/badges/acme/berlin")) == (404, "unknown-badge")
    assert problem_of(await writer.delete("/v1/badges/acme/berlin")) == (404, "unknown-badge")


async def test_only_who_may_change_scores_makes_one_public(api: httpx.AsyncClient) -> None:
    assert problem_of(await api.put("/v1/badges/acme", json=KITE)) == (403, "forbidden")
    assert problem_of(await api.delete("/v1/badges/acme")) == (403, "forbidden")
    assert (await api.get("/v1/badges")).json()["items"] == []


async def test_a_tenant_sees_its_own_badges_only(writer: httpx.AsyncClient, client_of) -> None:
    await writer.put("/v1/badges/acme", json=KITE)
    other = await client_of("other", "scores:read", "scores:write")

    assert (await other.get("/v1/badges")).json()["items"] == []
    assert problem_of(await other.get("/v1/badges/acme")) == (404, "unknown-badge")
    assert problem_of(await other.delete("/v1/badges/acme")) == (404, "unknown-badge")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "\u200b"},
        {"name": "x" * 1000},
        {"name": "x", "kind": "shop"},
    ],
)
async def test_a_name_that_cannot_be_shown_is_refused(writer: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert problem_of(await writer.put("/v1/badges/acme", json=body)) == (422, "invalid-request")


async def test_so_many_may_be_public_and_no_more(writer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MAX_BADGES", 2)
    for subject in ("a", "b", "b"):
        assert (await writer.put(f"/v1/badges/{subject}", json=KITE)).status_code == 200

    assert problem_of(await writer.put("/v1/badges/c", json=KITE)) == (409, "too-many-badges")


async def test_a_name_is_kept_as_one_clean_line_and_refused_where_nothing_of_it_can_be_shown(
    writer: httpx.AsyncClient,
) -> None:
    put = await writer.put("/v1/badges/acme", json={"name": " Kite\n\u202e Coffee\u0007 "})
    assert put.json()["name"] == "Kite Coffee"

    assert problem_of(await writer.put("/v1/badges/acme", json={"name": "\u0301"})) == (422, "wrong-name")
