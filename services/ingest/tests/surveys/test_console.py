"""The console's pages of surveys."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

PAGE = "/console/surveys"
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
READ, WRITE, INVITE = "surveys:read", "surveys:write", "surveys:invite"


async def sign_in(ingest: Ingest, *scopes: str) -> httpx.AsyncClient:
    """The test's client, signed in to the console."""
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key("default", *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.clear()
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


async def shown(client: httpx.AsyncClient, path: str = PAGE, status: int = 200, **params: str) -> str:
    answer = await client.get(path, params=params or None)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


def fields(page: str) -> dict[str, str]:
    """What the form of words holds."""
    typed = dict(re.findall(r'<input id="[a-z_]+" name="([a-z_]+)"[^>]*? value="([^"]*)"', page))
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    areas = dict(re.findall(r'<textarea id="(?!text")[a-z_]+" name="([a-z_]+)"[^>]*>([^<]*)<', page))
    return {**typed, **hidden, **areas}


async def test_a_survey_is_made_from_a_template_after_a_preview(ingest: Ingest):
    staff = await sign_in(ingest, READ, WRITE)
    assert "There is no survey yet." in await shown(staff)
    page = await shown(staff, f"{PAGE}/new", template="health", kind="ces", language="de")
    form = fields(page)
    assert form["question"] == "Wie leicht war es, einen Termin zu bekommen und an die Reihe zu kommen?"
    assert "Wie war Ihr Termin bei Default?" in page
    form |= {"brand": "Praxis <b>Dr. Öz</b>", "name": "Termine", "subject": "acme/praxis", "title": "Na, {brand}?"}
    preview = await staff.post(f"{PAGE}/new", data={**form, "do": "preview"})
    assert preview.status_code == 200
    assert "Na, Praxis &lt;b&gt;Dr. Öz&lt;/b&gt;?" in preview.text
    assert await ingest.rows("SELECT 1 FROM ingest.surveys") == []
    made = await staff.post(f"{PAGE}/new", data={**form, "do": "make"}, follow_redirects=True)
    assert made.status_code == 200
    assert "The survey “" in made.text
    [row] = await ingest.rows("SELECT kind, language, template, brand, title FROM ingest.surveys")
    assert tuple(row) == ("ces", "de", "health", "Praxis <b>Dr. Öz</b>", "Na, {brand}?")
    assert "Termine" in await shown(staff)


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(ingest: Ingest):
    staff = await sign_in(ingest, READ, WRITE)
    form = fields(await shown(staff, f"{PAGE}/new", template="nonsense", kind="thumbs", language="fr"))
    assert (form["template"], form["kind"], form["language"]) == ("shop", "stars", "en")
    for wrong in ({"name": ""}, {"subject": "Not One"}, {"question": " "}, {"brand": "x" * 101}, {"thanks": "x" * 601}):
        sent = {**form, "name": "Mine", "subject": "acme", **wrong}
        answer = await staff.post(f"{PAGE}/new", data=sent)
        assert answer.status_code == 422, wrong
        [name] = wrong
        assert f'id="{name}-error"' in answer.text, wrong
        assert "Mine" in answer.text or name == "name"
    assert await ingest.rows("SELECT 1 FROM ingest.surveys") == []


async def test_all_that_is_wrong_is_said_at_once_with_links_to_its_fields(asking: Any, ingest: Ingest):
    staff = await sign_in(ingest, READ, WRITE)
    wrong = {"title": "", "question": " ", "brand": "x" * 101, "thanks": "x" * 601}
    new = {**fields(await shown(staff, f"{PAGE}/new")), "name": "", "subject": "Not One", **wrong}
    path = f"{PAGE}/{asking.survey['id']}"
    kept = {**fields(await shown(staff, path)), **wrong, "do": "save"}
    for where, form, named in ((f"{PAGE}/new", new, ("name", "subject")), (path, kept, ())):
        answer = await staff.post(where, data=form)
        assert answer.status_code == 422
        expected = sorted([*wrong, *named])
        assert sorted(re.findall(r'id="(\w+)-error"', answer.text)) == expected
        assert sorted(re.findall(r'<li><a href="#(\w+)">', answer.text)) == expected


async def test_staff_are_told_what_they_can_do_and_no_address_of_the_interface(asking: Any, ingest: Ingest):
    staff = await sign_in(ingest, READ, INVITE)
    page = await shown(staff, f"{PAGE}/{asking.survey['id']}")
    assert "Makes a link that you send yourself" in page
    assert "/v1/" not in page


async def test_a_survey_shows_its_figures_and_leads_to_the_reviews(asking: Any, ingest: Ingest):
    asking.survey = await asking.make(kind="nps", name="NPS of us")
    for number, rating in enumerate(("10", "9", "9", "3")):
        await asking.respond(await asking.link(f"c{number}@example.com"), rating=rating)
    await asking.link("silent@example.com")
    staff = await sign_in(ingest, READ, "reviews:read")
    page = re.sub(r"\s+", " ", await shown(staff, f"{PAGE}/{asking.survey['id']}"))
    figures = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page))
    assert list(figures.values()) == ["5", "4", "80%", "7.8", "+50"]
    rows = dict(re.findall(r'<th scope="row">(\d+)</th><td class="figure">(\d+)</td>', page))
    assert {value: count for value, count in rows.items() if count != "0"} == {"10": "1", "9": "2", "3": "1"}
    assert f"/console/reviews?source={asking.survey['id']}" in page
    assert "Make the link" not in page
    assert "Save the words" not in page
    reviews = await shown(staff, "/console/reviews", source=asking.survey["id"])
    assert reviews.count('class="name"') == 4


async def test_words_are_changed_and_a_survey_is_closed_and_opened(asking: Any, ingest: Ingest):
    link = await asking.link()
    staff = await sign_in(ingest, READ, WRITE)
    path = f"{PAGE}/{asking.survey['id']}"
    form = {**fields(await shown(staff, path)), "title": "Well, {brand}?"}
    preview = await staff.post(path, data={**form, "do": "preview"})
    assert "Well, Default?" in preview.text
    assert "Well" not in (await ingest.client.get(link)).text
    saved = await staff.post(path, data={**form, "do": "save"}, follow_redirects=True)
    assert "The words are saved." in saved.text
    assert "Well, Default?" in (await ingest.client.get(link)).text
    refused = await staff.post(path, data={**form, "title": " ", "do": "save"})
    assert refused.status_code == 422
    assert 'id="title-error"' in refused.text
    closed = await staff.post(path, data={"do": "close"}, follow_redirects=True)
    assert "Nobody can respond any more." in closed.text
    assert (await ingest.client.get(link)).status_code == 410
    await staff.post(path, data={"do": "open"})
    assert (await ingest.client.get(link)).status_code == 200


async def test_a_link_for_one_customer_is_shown_and_works(asking: Any, ingest: Ingest):
    denied = {"email": "no@example.com", "consent": "denied"}
    await asking.send("PUT", "/v1/contacts", json=denied)
    staff = await sign_in(ingest, READ, INVITE)
    path = f"{PAGE}/{asking.survey['id']}/invitations"
    page = await staff.post(path, data={"email": "Ada@Example.com", "reference": "order 5521"})
    assert page.status_code == 200
    [address] = re.findall(r'<code class="secret">([^<]*)</code>', page.text)
    assert "Ada@Example.com" not in page.text
    assert (await asking.respond(httpx.URL(address).path, rating="5")).status_code == 303
    for wrong, name in (
        ({"email": "no@example.com"}, "email"),
        ({"email": "x"}, "email"),
        ({"email": "a@example.com", "subject": "other"}, "about"),
        ({"email": "a@example.com", "reference": "b@example.com"}, "reference"),
    ):
        answer = await staff.post(path, data=wrong)
        assert answer.status_code == 422, wrong
        assert f'id="{name}-error"' in answer.text, wrong
    assert len(await ingest.rows("SELECT 1 FROM ingest.survey_invitations")) == 1


async def test_only_those_who_may_see_and_change(asking: Any, ingest: Ingest):
    path = f"{PAGE}/{asking.survey['id']}"
    staff = await sign_in(ingest, READ)
    assert "Make a survey" not in await shown(staff)
    assert (await staff.get(f"{PAGE}/new")).status_code == 403
    assert (await staff.post(path, data={"do": "close"})).status_code == 403
    assert (await staff.post(f"{path}/invitations", data={"email": "a@example.com"})).status_code == 403
    await ingest.key("other")
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key("other")}, headers=OURS)
    staff.cookies.clear()
    staff.cookies.update(answer.cookies)
    assert (await staff.get(path)).status_code == 404
    assert "After it" not in await shown(staff)
