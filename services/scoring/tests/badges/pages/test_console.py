"""The console's page of badges, on a real database."""

import re

import httpx
import pytest

from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres
PAGE = "/console/scores/badges"


@pytest.fixture
async def admin(client_of) -> httpx.AsyncClient:
    """A browser that is signed in by a key that may change which scores are public."""
    client = await client_of("default", "scores:read", "scores:write")
    key = client.headers.pop("authorization").removeprefix("Bearer ")
    client.headers.update({"accept": "text/html", "sec-fetch-site": "same-origin"})
    assert (await client.post("/sign-in", data={"key": key})).status_code == 303
    return client


async def send(admin: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    token = re.search(r'name="form_token" value="([^"]*)"', (await admin.get(PAGE)).text)
    assert token is not None
    return await admin.post(path, data={"form_token": token[1], **form}, follow_redirects=True)


async def test_a_score_is_made_public_shown_with_what_to_paste_and_made_private(admin: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))
    assert "No score is public." in (await admin.get(PAGE)).text

    added = await send(admin, PAGE, subject="/acme/ ", name="Kite & Co", kind="product")
    assert "Everybody can see the score of" in added.text
    for words in (
        'src="/badges/default/acme.svg"',
        "&lt;a href=&#34;http",
        "&lt;iframe src=",
        "Reviews of Kite &amp;amp; Co",
        "a product",
    ):
        assert words in added.text
    assert (await admin.get("/badges/default/acme.svg")).status_code == 200

    removed = await send(admin, f"{PAGE}/remove", subject="acme")
    assert "is private again" in removed.text
    assert (await admin.get("/badges/default/acme.svg")).status_code == 404
    assert "private already" in (await send(admin, f"{PAGE}/remove", subject="acme")).text


async def test_what_is_wrong_is_said_at_its_field(admin: httpx.AsyncClient) -> None:
    page = await send(admin, PAGE, subject="No subject", name=" ", kind="organization")

    assert page.status_code == 422
    assert "2 fields cannot be taken so" in page.text
    assert 'value="No subject"' in page.text
    assert "No score is public." in page.text


async def test_who_may_only_read_sees_the_badges_and_no_form(staff: httpx.AsyncClient) -> None:
    page = await staff.get(PAGE)

    assert (page.status_code, "Make public" in page.text) == (200, False)
    refused = await staff.post(PAGE, data={"kind": "product"}, headers={"sec-fetch-site": "same-origin"})
    assert refused.status_code == 403


async def test_the_profile_of_all_badges_is_chosen_among_those_that_leave_nothing_out(
    admin: httpx.AsyncClient, superuser
) -> None:
    await set_profile(superuser, own("fast", 3.0))
    await set_profile(superuser, own("slow", 900.0), phase="reading")
    await set_profile(superuser, own("stars", None, kinds=frozenset({"stars"})))
    page = (await admin.get(PAGE)).text
    for words in ('value="trust" selected', 'value="fast">', 'value="slow" disabled>slow (being filled)'):
        assert f"<option {words}" in page
    assert 'value="stars"' not in page

    chosen = await send(admin, f"{PAGE}/profile", profile="fast")
    assert "All badges show scores by the profile fast now." in chosen.text
    assert '<option value="fast" selected>' in chosen.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("slow", "The profile slow is being filled."),
        ("stars", "does not count all stars and thumbs"),
        ("none", "There is no profile none;"),
    ],
)
async def test_a_profile_that_badges_cannot_show_is_refused_at_its_field(
    admin: httpx.AsyncClient, superuser, name: str, words: str
) -> None:
    await set_profile(superuser, own("slow", 900.0), phase="reading")
    await set_profile(superuser, own("stars", None, kinds=frozenset({"stars"})))

    refused = await send(admin, f"{PAGE}/profile", profile=name)

    assert refused.status_code == 422
    assert words in refused.text
    assert 'id="profile-error"' in refused.text
