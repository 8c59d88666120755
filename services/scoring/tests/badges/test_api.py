"""Which scores are public, over HTTP, on a real database."""

import httpx
import pytest

from plaudit.scoring.badges import commands
from plaudit_testing.own_profiles import own, set_profile
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


PROFILE = "/v1/badge-profile"


async def choose(writer: httpx.AsyncClient, name: str) -> httpx.Response:
    return await writer.put(PROFILE, json={"profile": name})


async def test_all_badges_show_one_profile_that_is_trust_until_another_is_chosen(
    writer: httpx.AsyncClient, superuser
) -> None:
    await set_profile(superuser, own("fast", 3.0))
    await writer.put("/v1/badges/acme", json=KITE)
    assert (await writer.get(PROFILE)).json() == {"profile": "trust"}

    for name in ("lifetime", "fast", "trust", "fast"):
        chosen = await choose(writer, name)
        assert (chosen.status_code, chosen.json()) == (200, {"profile": name})
    assert (await writer.get(PROFILE)).json() == {"profile": "fast"}
    [badge] = (await writer.get("/v1/badges")).json()["items"]
    assert "/scores/how/fast?tenant=default&subject=acme" in badge["how"]


async def test_badges_show_only_a_profile_that_is_ready_and_leaves_nothing_out(
    writer: httpx.AsyncClient, superuser
) -> None:
    await set_profile(superuser, own("slow", 900.0), phase="reading")
    await set_profile(superuser, own("stars", None, kinds=frozenset({"stars"})))

    assert problem_of(await choose(writer, "slow")) == (409, "profile-not-ready")
    assert problem_of(await choose(writer, "stars")) == (422, "unfit-profile")
    assert problem_of(await choose(writer, "none")) == (422, "unknown-profile")
    assert problem_of(await choose(writer, "No name")) == (422, "invalid-request")
    assert (await writer.get(PROFILE)).json() == {"profile": "trust"}


async def test_only_who_may_change_scores_chooses_and_each_tenant_for_itself(
    api: httpx.AsyncClient, writer: httpx.AsyncClient, client_of
) -> None:
    assert problem_of(await choose(api, "lifetime")) == (403, "forbidden")
    await choose(writer, "lifetime")
    other = await client_of("other", "scores:read", "scores:write")

    assert (await other.get(PROFILE)).json() == {"profile": "trust"}


async def test_what_badges_show_is_not_deleted_and_not_changed_into_what_they_could_not_show(
    writer: httpx.AsyncClient,
) -> None:
    path, parameters = "/v1/score-profiles/own", {"half_life_days": 30, "prior_weight": 1, "prior_value": 3}
    put = {**parameters, "kinds": ["stars", "thumbs"]}
    assert (await writer.put(path, json=put)).status_code == 200
    await choose(writer, "own")

    deleted = await writer.delete(path)
    assert problem_of(deleted) == (409, "profile-shown")
    assert deleted.json()["detail"] == (
        "Badges show the profile `own`, so it cannot be deleted. Choose another one for badges first."
    )
    for changed in ({"kinds": ["stars"]}, {"half_life_days": 12}):
        assert problem_of(await writer.put(path, json={**put, **changed})) == (409, "profile-shown")
    assert (await writer.get(path)).json()["half_life_days"] == 30
    for changed in ({"half_life_days": 182.5}, {"unverified_weight": 0.5}, {"half_life_days": None}):
        assert (await writer.put(path, json={**put, **changed})).status_code == 200

    await choose(writer, "trust")
    assert (await writer.put(path, json={**put, "half_life_days": 12})).status_code == 200
    assert (await writer.delete(path)).status_code == 204


async def test_what_badges_show_may_get_a_half_life_that_is_kept_already(writer: httpx.AsyncClient, superuser) -> None:
    await set_profile(superuser, own("shown", 3.0))
    await set_profile(superuser, own("other", 12.0))
    await choose(writer, "shown")
    put = {"half_life_days": 12, "prior_weight": 1, "prior_value": 3, "kinds": ["stars", "thumbs"]}

    assert (await writer.put("/v1/score-profiles/shown", json=put)).json()["is_ready"] is True
