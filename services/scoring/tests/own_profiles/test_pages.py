"""The console's pages of profiles, on a real database."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import Source
from plaudit_testing.review_events import RECORDED, SOURCE, review_state

pytestmark = pytest.mark.postgres

PROFILES = "/console/scores/profiles"
NEW = "/console/scores/new-profile"
FORM: dict[str, Any] = {
    "name": "fast", "half_life": "30", "unit": "days", "prior_weight": "1", "prior_value": "3", "kinds": ["stars"],
    "verified_weight": "1", "unverified_weight": "1", "origin_organic": "1", "origin_invited": "1",
    "origin_incentivised": "1", "source_weights": "", "subjects": "", "seen": "0", "do": "preview",
}  # fmt: skip
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


async def signed_in(client_of, *scopes: str) -> httpx.AsyncClient:
    client = await client_of("default", *scopes)
    key = client.headers.pop("authorization").removeprefix("Bearer ")
    client.headers["accept"] = "text/html"
    answer = await client.post("/sign-in", data={"key": key}, headers=SAME_ORIGIN)
    assert answer.status_code == 303
    return client


@pytest.fixture
async def admin(client_of) -> httpx.AsyncClient:
    """A browser of somebody who may change profiles."""
    return await signed_in(client_of, "scores:read", "scores:write")


async def send(client: httpx.AsyncClient, path: str = NEW, **fields: Any) -> httpx.Response:
    return await client.post(path, data=FORM | fields, headers=SAME_ORIGIN)


def said(page: httpx.Response) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


async def test_a_new_profile_is_tried_on_subjects_before_it_is_saved(admin: httpx.AsyncClient, bus) -> None:
    for subject in ("acme/berlin", "acme/hamburg", "globex"):
        await bus.tell(None, review_state(5, subject, rated_at=datetime.now(UTC)))

    assert (await admin.get(NEW)).status_code == 200
    tried = await send(admin, half_life="3", unit="hours")
    chosen = await send(admin, half_life="3", unit="hours", subjects="acme/berlin, globex")

    assert tried.status_code == chosen.status_code == 200
    assert all(f'<th scope="row">{each}</th>' in tried.text for each in ("acme", "globex", "acme/berlin"))
    assert "Nothing is saved yet." in tried.text
    assert ('<th scope="row">acme</th>' in chosen.text, '<th scope="row">globex</th>' in chosen.text) == (False, True)
    assert re.search("globex 3.68. 4.000 1 worth 1", said(chosen))
    assert "You have no profile of your own." in (await admin.get(PROFILES)).text


async def test_a_saved_profile_is_listed_and_can_be_changed_and_deleted(admin: httpx.AsyncClient) -> None:
    saved = await send(admin, do="save")
    assert (saved.status_code, saved.headers["location"]) == (303, PROFILES)
    ready = await admin.get(PROFILES)
    assert "fast 30 days 1 × 3 ★ stars all alike ready" in said(ready)
    assert 'http-equiv="refresh"' not in ready.text

    changed = await send(admin, f"{PROFILES}/fast", do="save", seen="1", half_life="5", unit="hours", is_frozen="yes")
    assert changed.status_code == 303
    listed = said(await admin.get(PROFILES))
    assert "fast 5 hours 1 × 3 ★ stars all alike; stands still between reviews being filled" in listed
    assert '<meta http-equiv="refresh" content="5">' in (await admin.get(PROFILES)).text
    shown = await admin.get(f"{PROFILES}/fast")
    assert 'value="5"' in shown.text
    assert "half after 30 days, prior 1 × 3 ★, by key:" in said(shown)

    deleted = await admin.post(f"{PROFILES}/fast/delete", headers=SAME_ORIGIN)
    assert deleted.status_code == 303
    assert (await admin.get(f"{PROFILES}/fast")).status_code == 404
    assert "You have no profile of your own." in (await admin.get(PROFILES)).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Fast"}, "A name has 1 to 32 small letters"),
        ({"name": "trust"}, "Every tenant has the profile `trust`"),
        ({"half_life": "soon"}, "Write a number, such as 7 or 0.5."),
        ({"half_life": "0.5", "unit": "hours"}, "A half-life is from an hour to a hundred years"),
        ({"half_life": "101", "unit": "years"}, "A half-life is from an hour to a hundred years"),
        ({"half_life": "nan"}, "A half-life is from an hour to a hundred years"),
        ({"prior_value": "6"}, "Prior_value must be from 1 to 5 stars."),
        ({"kinds": ["stars", "nps"]}, "Kinds may hold stars and thumbs together"),
        ({"kinds": []}, "Kinds must name at least one kind"),
        ({"origin_invited": "0"}, "Every weight must be from 0.001 to 1,000."),
        ({"source_weights": "shop 2"}, "Line 1: no source is called “shop”. Write a name of the list below, or an id."),
        ({"source_weights": "2"}, "Line 1 is not written as: the name or the id of a source, and its weight."),
        (
            {"source_weights": f"{SOURCE.id} 2\n{SOURCE.id.upper()} 3"},
            "Line 2 names a source that a line above names, too",
        ),
        ({"subjects": "a b c d"}, "Name at most 3 subjects."),
    ],
    ids=lambda given: "" if isinstance(given, str) else "-".join(given),
)
async def test_what_cannot_be_is_said_at_its_field_and_nothing_is_saved(
    admin: httpx.AsyncClient, fields: dict[str, Any], words: str
) -> None:
    refused = await send(admin, **{"do": "save", **fields})

    assert refused.status_code == 422
    assert words in said(refused)
    assert 'aria-invalid="true"' in refused.text or 'class="error"' in refused.text
    assert "You have no profile of your own." in (await admin.get(PROFILES)).text


async def test_sources_are_called_by_their_names_and_by_their_ids_where_a_name_means_several(
    admin: httpx.AsyncClient, client_of, worker: Database
) -> None:
    ids = [f"01956d00-0000-7000-8000-00000000000{number}" for number in range(1, 5)]
    names = ["Shop 2", "App", "app", ids[0]]
    async with worker.transaction() as tx:
        await sources.note(
            tx,
            [
                Source(tenant_id="default", source_id=i, name=name, platform="native", told_at=RECORDED)
                for i, name in zip(ids, names, strict=True)
            ],
        )
    form = await admin.get(NEW)
    assert all(each in said(form) for each in (*names, *ids, "native"))

    unclear = await send(admin, do="save", source_weights="App 2")
    assert "Line 1: 2 sources are called “App”. Write the id of the one you mean." in said(unclear)
    twice = await send(admin, do="save", source_weights=f"shop  2 3\n\n{ids[0]} 3")
    assert "Line 3 names a source that a line above names, too: leave one of them." in said(twice)

    saved = await send(admin, do="save", source_weights=f"shop 2 3\n{ids[1]} 0.5\n{ids[3]} 2")
    assert saved.status_code == 303
    api = await client_of()
    told = (await api.get("/v1/score-profiles/fast")).json()["source_weights"]
    assert told == {ids[0]: 3.0, ids[1]: 0.5, ids[3]: 2.0}
    shown = await admin.get(f"{PROFILES}/fast")
    lines = f"Shop 2 3\n{ids[1]} 0.5\n{ids[3]} 2"
    assert lines in shown.text
    again = await send(admin, f"{PROFILES}/fast", do="save", seen="1", source_weights=lines)
    assert again.status_code == 303
    assert (await api.get("/v1/score-profiles/fast")).json()["source_weights"] == told


async def test_a_form_of_an_older_revision_saves_nothing(admin: httpx.AsyncClient) -> None:
    await send(admin, do="save")
    await send(admin, f"{PROFILES}/fast", do="save", seen="1", prior_value="4")

    refused = await send(admin, f"{PROFILES}/fast", do="save", seen="1", prior_value="2")

    assert refused.status_code == 422
    assert "Somebody has changed the profile since this page was shown." in said(refused)


async def test_who_may_only_read_sees_profiles_and_changes_none(admin: httpx.AsyncClient, staff) -> None:
    await send(admin, do="save", origin_invited="0.5")

    listed, shown = await staff.get(PROFILES), await staff.get(f"{PROFILES}/fast")
    assert (NEW in listed.text, "Admins make and change them." in listed.text) == (False, True)
    assert "Invited 0.5" in said(shown)
    assert f'action="{PROFILES}' not in shown.text
    assert (await staff.get(NEW)).status_code == 403
    assert (await send(staff, do="save", name="mine")).status_code == 403


async def test_a_profile_that_badges_show_is_not_deleted_and_the_page_says_so(
    admin: httpx.AsyncClient, client_of
) -> None:
    kinds = ["stars", "thumbs"]
    await send(admin, kinds=kinds, do="save")
    writer = await client_of("default", "scores:read", "scores:write")
    assert (await writer.put("/v1/badge-profile", json={"profile": "fast"})).status_code == 200

    await admin.post(f"{PROFILES}/fast/delete", headers=SAME_ORIGIN)
    page = await admin.get(f"{PROFILES}/fast")
    changed = await send(admin, f"{PROFILES}/fast", seen="1", do="save")

    assert "Badges show the profile fast, so it cannot be deleted." in page.text
    assert changed.status_code == 422
    assert "so it must count stars and thumbs" in changed.text
