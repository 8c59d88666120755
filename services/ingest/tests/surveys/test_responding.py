"""The public page: looking changes nothing, and one response to each link becomes a review."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.ingest.surveys.jobs import ExpiredInvitationsJob
from plaudit.ingest.surveys.pages.public import UNOPENED_RETRY_SECONDS
from plaudit_testing.running_ingest import Ingest, running_ingest
from plaudit_testing.vault import damaged

pytestmark = pytest.mark.postgres

ELSEWHERE = {"sec-fetch-site": "cross-site", "accept": "text/html"}
UNKNOWN = "This link leads nowhere"


def checked(page: httpx.Response) -> list[str]:
    return re.findall(r'value="(\d+)" required checked', page.text)


async def test_a_response_becomes_a_verified_review_that_was_invited(asking: Any, ingest: Ingest):
    before = datetime.now(UTC)
    link = await asking.link(reference="order 5521", subject="acme/berlin")
    answer = await asking.respond(link, rating="2", text="  Cold\r\ncoffee. ")
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    [state] = await asking.reviews()
    assert state["rating"] == 2
    assert (state["kind"], state["origin"], state["verified"]) == ("stars", "invited", True)
    assert (state["text"], state["subject"], state["tags"]) == (
        "Cold\ncoffee.",
        "acme/berlin",
        ["reference:order 5521"],
    )
    published = datetime.fromisoformat(state["published_at"])
    assert before - timedelta(minutes=5) < published <= datetime.now(UTC) + timedelta(minutes=5)
    survey = (await ingest.get(f"/v1/surveys/{asking.survey['id']}")).json()
    assert (survey["invited"], survey["responses"]) == (1, 1)
    [event] = await ingest.rows("SELECT envelope FROM ingest.outbox")
    assert json.loads(event["envelope"])["data"]["answers"] == "untold", "nobody tells of what is answered by mail"


@pytest.mark.parametrize(
    ("kind", "given", "stars"), [("nps", "0", 1), ("nps", "10", 5), ("csat", "3", 3), ("ces", "7", 5), ("ces", "1", 1)]
)
async def test_every_kind_is_a_rating_of_its_scale(asking: Any, kind: str, given: str, stars: float):
    asking.survey = await asking.make(kind=kind, language="de")
    link = await asking.link()
    assert (await asking.respond(link, rating=given)).status_code == 303
    [review] = await asking.reviews()
    assert (review["kind"], review["rating"], review["raw_rating"]["value"]) == (kind, stars, float(given))


async def test_looking_at_a_link_in_any_way_changes_nothing(asking: Any, ingest: Ingest):
    link = await asking.link()
    for method in ("GET", "HEAD", "OPTIONS"):
        for query in ("", "?r=4", "?r=9", "?r=", "?rating=5&text=x", "?r=4&utm_source=mail"):
            answer = await ingest.client.request(method, f"{link}{query}", headers={"accept": "*/*"})
            assert answer.status_code in {200, 204}, (method, query)
    assert await asking.reviews() == []
    assert (await ingest.rows("SELECT responded_at FROM ingest.survey_invitations"))[0][0] is None
    assert await ingest.rows("SELECT * FROM ingest.rate_limits WHERE kind = 'survey'") == []


async def test_a_link_of_one_click_chooses_and_sends_nothing(asking: Any, ingest: Ingest):
    invited = (await asking.invite({"email": "ada@example.com"})).json()["invitations"][0]
    assert sorted(invited["rating_links"]) == ["1", "2", "3", "4", "5"]
    for value, address in invited["rating_links"].items():
        page = await ingest.client.get(httpx.URL(address).raw_path.decode())
        assert checked(page) == [value]
    for wrong in ("6", "0", "x", "%EF%BC%94", "4'\"><script>"):
        page = await ingest.client.get(httpx.URL(invited["link"]).path, params={"r": wrong})
        assert (page.status_code, checked(page)) == (200, []), wrong
        assert "<script" not in page.text


async def test_a_link_takes_one_response_and_the_same_form_again_is_answered_the_same(asking: Any, ingest: Ingest):
    link = await asking.link()
    for _ in range(3):
        assert (await asking.respond(link, rating="4", text="Good.")).status_code == 303
    other = await asking.respond(link, rating="1", text="Good.")
    assert other.status_code == 409
    assert "You have answered already" in other.text
    assert (await asking.respond(link, rating="4", text="Better.")).status_code == 409
    assert "was not stored" in other.text
    assert [(each["rating"], each["text"]) for each in await asking.reviews()] == [(4, "Good.")]
    page = await ingest.client.get(f"{link}?r=1")
    assert page.status_code == 200
    assert "Thank you!" in page.text
    assert "<form" not in page.text
    assert (await ingest.counts())["deliveries"] == 1


async def test_of_many_at_once_one_is_taken(asking: Any, ingest: Ingest):
    link = await asking.link()
    answers = await asyncio.gather(*(asking.respond(link, rating=str(1 + n % 5)) for n in range(20)))
    assert sorted(each.status_code for each in answers) == [303] * 4 + [409] * 16
    [review] = await asking.reviews()
    assert review["revision"] == 1
    assert (await ingest.counts()) == {"deliveries": 1, "reviews": 1, "revisions": 1, "outbox": 1}


async def test_what_is_no_response_is_shown_again_with_what_was_typed(asking: Any):
    link = await asking.link()
    for form, words in (
        ({"text": "No <b>stars</b>."}, "Please choose one."),
        ({"rating": "6", "text": "No <b>stars</b>."}, "Please choose one of these values."),
        ({"rating": "4", "text": "No <b>stars</b>." + "x" * 4_000}, "Please shorten your text"),
    ):
        page = await asking.respond(link, **form)
        assert page.status_code == 422
        assert words in page.text
        assert 'role="alert"' in page.text
        assert "No &lt;b&gt;stars&lt;/b&gt;." in page.text
    assert checked(page) == ["4"]
    assert await asking.reviews() == []


async def test_the_same_page_answers_to_every_token_that_is_none(asking: Any, ingest: Ingest):
    link = await asking.link()
    token = link.removeprefix("/s/")
    other = token[:-1] + ("A" if token[-1] != "A" else "Q")
    pages = []
    for wrong in (other, "x", token + "=", token[:-1], token.swapcase(), "A" * len(token), "%00", "é", "." * 3000):
        for answer in (await ingest.client.get(f"/s/{wrong}"), await asking.respond(f"/s/{wrong}", rating="4")):
            if wrong == "%00":
                assert answer.status_code == 400
                continue
            assert answer.status_code == 404, wrong
            pages.append(answer.text)
    assert len(set(pages)) == 1
    assert UNKNOWN in pages[0]
    german = await ingest.client.get("/s/x", headers={"accept-language": "de-DE,de;q=0.9"})
    assert "Dieser Link führt nirgendwohin" in german.text
    assert '<html lang="de">' in german.text
    assert await asking.reviews() == []


async def test_a_token_that_is_signed_and_unknown_is_unknown(asking: Any, ingest: Ingest):
    link = await asking.link()
    await ingest.superuser.execute("UPDATE ingest.survey_invitations SET token_hash = '\\x00'")
    assert (await ingest.client.get(link)).status_code == 404
    await ingest.superuser.execute("DELETE FROM ingest.survey_invitations")
    assert (await ingest.client.get(link)).status_code == 404
    assert (await asking.respond(link, rating="4")).status_code == 404


async def test_an_expired_link_and_a_closed_survey_say_so(asking: Any, ingest: Ingest):
    link = await asking.link()
    await asking.age(link)
    for answer in (await ingest.client.get(link), await asking.respond(link, rating="4")):
        assert answer.status_code == 410
        assert "The link was valid until" in answer.text
    await asking.age(link, "expires_at = now() + interval '1 day'")
    words = {name: asking.survey[name] for name in ("title", "question", "text_question", "thanks")}
    await asking.send("PUT", f"/v1/surveys/{asking.survey['id']}", json={**words, "closed": True})
    for answer in (await ingest.client.get(link), await asking.respond(link, rating="4")):
        assert answer.status_code == 410
        assert "takes no more answers" in answer.text
    await asking.send("PUT", f"/v1/surveys/{asking.survey['id']}", json={**words, "brand": "Kite Coffee"})
    assert "How was your order from Kite Coffee?" in (await ingest.client.get(link)).text
    assert await asking.reviews() == []


async def test_while_its_source_is_paused_a_survey_takes_nothing(asking: Any, ingest: Ingest):
    link = await asking.link()
    await ingest.rows("UPDATE ingest.sources SET paused_at = now()")
    for answer in (await ingest.client.get(link), await asking.respond(link, rating="4")):
        assert answer.status_code == 410
        assert "takes no more answers" in answer.text
    assert await asking.reviews() == []
    await ingest.rows("UPDATE ingest.sources SET paused_at = NULL")
    assert (await asking.respond(link, rating="4")).status_code == 303


async def test_after_the_response_a_link_thanks_even_when_it_has_expired(asking: Any, ingest: Ingest):
    link = await asking.link()
    await asking.respond(link, rating="4")
    await asking.age(link)
    assert "We have had your answer since" in (await ingest.client.get(link)).text
    assert (await asking.respond(link, rating="4")).status_code == 303


async def test_a_form_from_elsewhere_is_refused_and_one_of_an_old_browser_is_not(asking: Any):
    link = await asking.link()
    for headers in (ELSEWHERE, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        answer = await asking.respond(link, headers, rating="1")
        assert answer.status_code == 403, headers
        assert "sent from elsewhere" in answer.text
    assert await asking.reviews() == []
    assert (await asking.respond(link, {}, rating="4")).status_code == 303


async def test_pages_are_kept_by_no_cache_and_tell_nobody_their_address(asking: Any, ingest: Ingest):
    link = await asking.link()
    answers = [await ingest.client.get(link), await ingest.client.get("/s/x"), await asking.respond(link, rating="4")]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
    assert answers[0].headers.get_list("referrer-policy") == ["same-origin"]


async def test_a_form_that_is_too_large_is_refused(asking: Any, ingest: Ingest):
    link = await asking.link()
    most = await asking.respond(link, rating="4", text="\U0001f600" * 4_000)
    assert most.status_code == 303
    assert (await asking.respond(link, rating="4", text="x" * 65_536)).status_code == 413
    upload = await ingest.client.post(link, files={"rating": ("a", b"4" * 70_000)})
    assert upload.status_code == 413


@pytest.fixture
async def strict(ingest_url: str) -> AsyncIterator[Ingest]:
    async with running_ingest(ingest_url, survey_responses_per_hour_per_network=2) as opened:
        yield opened


async def test_a_network_sends_so_many_responses_in_an_hour(asking: Any, strict: Ingest):
    links = [await asking.link(f"c{n}@example.com") for n in range(3)]
    asking.ingest = strict
    answers = [await asking.respond(link, rating="4") for link in links]
    assert [each.status_code for each in answers] == [303, 303, 429]
    assert "Nothing was stored" in answers[2].text
    assert 0 < int(answers[2].headers["retry-after"]) <= 3_601
    assert len(await asking.reviews()) == 2


async def test_a_new_secret_of_the_source_keeps_links_while_the_old_one_counts(asking: Any, ingest: Ingest):
    link = await asking.link()
    source = f"/v1/sources/{asking.survey['id']}"
    old = (await ingest.get(f"{source}/secret")).json()["secret"]
    new = "whsec_" + "A" * 43 + "="
    await asking.send("PUT", f"{source}/secrets", json={"secrets": [new, old]})
    assert (await ingest.client.get(link)).status_code == 200
    assert await asking.link() == link
    await asking.send("PUT", f"{source}/secrets", json={"secrets": [new]})
    assert (await ingest.client.get(link)).status_code == 404
    again = await asking.link()
    assert again != link
    assert (await ingest.client.get(again)).status_code == 200


async def test_while_the_secret_cannot_be_decrypted_a_link_says_later_and_nobody_is_invited(
    asking: Any, ingest: Ingest
):
    link = await asking.link()
    [(sealed,)] = await ingest.rows("SELECT secret FROM ingest.sources")
    await ingest.superuser.execute("UPDATE ingest.sources SET secret = $1", damaged(sealed))
    for answer in (await ingest.client.get(link), await asking.respond(link, rating="4")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, str(UNOPENED_RETRY_SECONDS))
        assert "open the link again later" in answer.text
    german = await ingest.client.get(link, headers={"accept-language": "de"})
    assert "später noch einmal" in german.text
    refused = await asking.invite({"email": "bob@example.com"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems#secret-unreadable")
    assert (await asking.send("GET", "/v1/surveys")).status_code == 200
    await ingest.superuser.execute("UPDATE ingest.sources SET secret = $1", sealed)
    assert (await asking.respond(link, rating="4")).status_code == 303
    assert len(await asking.reviews()) == 1


async def test_an_invitation_without_response_is_deleted_a_month_after_it_has_expired(asking: Any, ingest: Ingest):
    responded, expired, late = [await asking.link(f"c{n}@example.com") for n in range(3)]
    await asking.respond(responded, rating="4")
    await asking.age(expired, "expires_at = now() - interval '31 days'")
    await ingest.superuser.execute(
        "UPDATE ingest.survey_invitations SET expires_at = now() - interval '29 days' "
        "WHERE id = (SELECT max(id::text)::uuid FROM ingest.survey_invitations)"
    )
    job = ExpiredInvitationsJob(ingest.resources.database(Role.WORKER))
    assert [await job.turn(), await job.turn()] == [1, 0]
    found = {path: (await ingest.client.get(path)).status_code for path in (responded, expired, late)}
    assert found == {responded: 200, expired: 404, late: 410}
    survey = (await ingest.get(f"/v1/surveys/{asking.survey['id']}")).json()
    assert (survey["invited"], survey["responses"]) == (3, 1)


async def test_a_page_in_german_says_everything_in_german(asking: Any, ingest: Ingest):
    asking.survey = await asking.make(language="de", kind="nps", template="hospitality", brand="Haus <Anker> & Söhne")
    link = await asking.link()
    page = unescape((await ingest.client.get(link)).text)
    assert "Wie war Ihr Besuch bei Haus <Anker> & Söhne?" in page
    for words in ("freiwillig", "Absenden", "sehr wahrscheinlich", "0 von 10, sehr unwahrscheinlich"):
        assert words.replace("0 von", "von") in re.sub(r"<[^<>]*>", "", page)
    assert not re.search(r"\b(Send|optional|likely|Thank)\b", re.sub(r"<[^<>]*>", "", page))
