"""Nobody behind a busy network is shut out: what is past its budget comes back with its words, and two ways on."""

import itertools
from datetime import timedelta

import httpx
import pytest

from plaudit.feedback_board.visitors.domain.proof import has_zero_bits
from plaudit_testing.board_pages import BOARD, link_in, page_of, put_on_board, submit
from plaudit_testing.mailbox import open_mailbox

pytestmark = pytest.mark.postgres

BITS = 6


def proof_for(challenge: str, bits: int = BITS) -> str:
    """A proof, as the script of the page finds it."""
    return next(text for n in itertools.count() if has_zero_bits(text := f"{challenge}.{n}", bits))


def work_of(answer: httpx.Response):
    """The form of the page that asks for a proof of work."""
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) > 0
    return next(form for form in page_of(answer).all("form") if "data-challenge" in form.attributes)


async def votes_of(api: httpx.AsyncClient) -> int:
    (found,) = (await api.get("/v1/requests")).json()["items"]
    votes: int = found["votes"]
    return votes


@pytest.mark.settings(votes_per_hour_per_network=1, proof_of_work_bits=BITS)
async def test_a_vote_past_the_budget_counts_with_a_proof_and_once_for_each(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    first, second, third = (clients.visitor() for _ in range(3))
    await first.post(f"{path}/votes", data={"choice": "vote"})
    form = work_of(await second.post(f"{path}/votes", data={"choice": "vote"}))
    proof = proof_for(form.attributes["data-challenge"])
    assert (await submit(second, form, proof=proof)).status_code == 200
    assert await votes_of(api) == 2
    replayed = await third.post(f"{path}/votes", data={"choice": "vote", "proof": proof})
    assert replayed.status_code == 429
    assert await votes_of(api) == 2


@pytest.mark.settings(votes_per_hour_per_network=1, requests_per_hour_per_network=1, proof_of_work_bits=BITS)
async def test_what_proves_nothing_opens_nothing(api: httpx.AsyncClient, clients, clock) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})
    await clients.visitor().post(f"{BOARD}/requests", data={"title": "First of all"})
    form = work_of(await clients.visitor().post(f"{BOARD}/requests", data={"title": "Another one"}))
    of_request = proof_for(form.attributes["data-challenge"])
    challenge = work_of(await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})).attributes[
        "data-challenge"
    ]
    good = proof_for(challenge)
    unproven = next(text for n in itertools.count() if not has_zero_bits(text := f"{challenge}.{n}", BITS))
    hour, kind, random, tag = challenge.split(".")
    forged = proof_for(f"{hour}.{kind}.{random[::-1]}.{tag}")
    for wrong in ("", "x", challenge, unproven, of_request, forged, good + "0" * 20, good.replace(hour, "2020010100")):
        answer = await clients.visitor().post(f"{path}/votes", data={"choice": "vote", "proof": wrong})
        assert answer.status_code == 429, wrong
    await clock.move_to(timedelta(hours=1))
    await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})  # the budget of the next hour
    answer = await clients.visitor().post(f"{path}/votes", data={"choice": "vote", "proof": good})
    assert answer.status_code == 429


@pytest.mark.settings(requests_per_hour_per_network=1, proof_of_work_bits=BITS)
async def test_a_request_past_the_budget_keeps_all_its_words(api: httpx.AsyncClient, clients) -> None:
    await clients.visitor().post(f"{BOARD}/requests", data={"title": "First"})
    words = {"title": "Second <b>", "text": "Line one\n\n  line & two </textarea><script>alert(1)</script>"}
    answer = await clients.visitor().post(f"{BOARD}/requests", data={**words, "form": "f-1"})
    assert "<script>alert" not in answer.text
    form = work_of(answer)
    texts = {field.attributes["name"]: field for field in form.all("textarea")}
    typed = {name: "".join(map(str, field.children)).removeprefix("\n") for name, field in texts.items()}
    assert typed == {**words, "name": ""}
    sent = {field.attributes["name"]: field.attributes["value"] for field in form.all("input")}
    sent["proof"] = proof_for(form.attributes["data-challenge"])
    made = await clients.visitor().post(form.attributes["action"], data={**sent, **typed})
    assert made.headers["location"].endswith("?notice=requested")
    found = (await api.get("/v1/requests", params={"sort": "newest"})).json()["items"]
    assert words["title"] in {each["title"] for each in found}


@pytest.mark.settings(votes_per_hour_per_network=1, votes_per_hour_per_person=2)
async def test_who_is_signed_in_has_a_budget_of_their_own(
    api: httpx.AsyncClient, clients, resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await put_on_board(api, "Dark mode")
    async with open_mailbox() as mailbox:
        for name, value in (("smtp_host", "127.0.0.1"), ("smtp_port", mailbox.port)):
            monkeypatch.setitem(resources.settings.__dict__, name, value)
        people = [clients.visitor() for _ in range(3)]
        for number, browser in enumerate(people):
            await browser.post(f"{BOARD}/sign-in", data={"email": f"p{number}@example.com"})
            assert (await browser.post(link_in(mailbox))).status_code == 303
    for browser in people:
        assert (await browser.post(f"{path}/votes", data={"choice": "vote"})).status_code == 303
    assert await votes_of(api) == 3
    assert (await people[0].post(f"{path}/votes", data={"choice": "withdraw"})).status_code == 303
    answer = await people[0].post(f"{path}/votes", data={"choice": "vote"})
    assert answer.status_code == 429
    assert "data-challenge" not in answer.text


@pytest.mark.settings(votes_per_hour_per_network=1, smtp_host="127.0.0.1", smtp_port=9)
async def test_without_scripts_there_is_the_link_by_mail_with_what_one_wanted(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})
    page = page_of(await clients.visitor().post(f"{path}/votes", data={"choice": "vote"}))
    needs_script, by_mail = page.one("main").all("form")
    assert "hidden" in needs_script.attributes
    assert by_mail.attributes["action"] == f"{BOARD}/sign-in"
    fields = {field.attributes["name"]: field.attributes.get("value", "") for field in by_mail.all("input")}
    assert fields == {"vote": path.rpartition("/")[2], "next": path, "email": ""}


@pytest.mark.settings(comments_per_hour_per_network=1, proof_of_work_bits=BITS)
async def test_a_comment_past_the_budget_keeps_its_words_and_is_posted_with_a_proof(
    api: httpx.AsyncClient, clients
) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor().post(f"{path}/comments", data={"text": "The first."})
    browser = clients.visitor()
    form = work_of(await browser.post(f"{path}/comments", data={"text": "The second.", "name": "Ada", "form": "f-1"}))
    page = page_of(await submit(browser, form, proof=proof_for(form.attributes["data-challenge"])))
    assert "The second." in page.one("section", id="comments").text
    assert "Ada" in page.one("section", id="comments").text


@pytest.mark.settings(comments_per_hour_per_network=1, smtp_host="127.0.0.1", smtp_port=9)
async def test_past_the_budget_the_link_by_mail_takes_the_comment_with_it(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor().post(f"{path}/comments", data={"text": "The first."})
    answer = await clients.visitor().post(
        f"{path}/comments", data={"text": "The second.", "name": "Ada", "form": "f-1"}
    )
    _, by_mail = page_of(answer).one("main").all("form")
    fields = {field.attributes["name"]: field.attributes.get("value", "") for field in by_mail.all("input")}
    assert fields == {"comment": path.rpartition("/")[2], "name": "Ada", "form": "f-1", "next": path, "email": ""}
    assert by_mail.one("textarea", name="text").text == "The second."


@pytest.mark.settings(votes_per_hour_per_network=1, proof_of_work_bits=BITS)
async def test_to_follow_and_to_vote_instead_count_against_the_budget_of_votes(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})
    for action, data in (("followers", {"choice": "follow"}), ("votes-instead", {"form": "f-1"})):
        browser = clients.visitor()
        form = work_of(await browser.post(f"{path}/{action}", data=data))
        assert form.attributes["action"] == f"{path}/{action}"
        answer = await submit(browser, form, proof=proof_for(form.attributes["data-challenge"]))
        assert answer.status_code == 200


@pytest.mark.settings(similar_per_hour_per_network=2)
async def test_looks_for_similar_requests_have_a_budget_of_the_network(api: httpx.AsyncClient, clients) -> None:
    answers = [await clients.visitor().get(f"{BOARD}/similar", params={"q": "Dark mode"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await clients.visitor(address="198.51.100.7").get(f"{BOARD}/similar")).status_code == 200


@pytest.mark.settings(requests_per_hour_per_network=1)
async def test_a_form_in_a_frame_past_the_budget_comes_back_into_the_frame(api: httpx.AsyncClient, clients) -> None:
    await api.put("/v1/board/settings", json={"frame_origins": ["https://host.example"]})
    await clients.visitor().post(f"{BOARD}/requests", data={"title": "First of all"})
    answer = await clients.visitor().post(f"{BOARD}/embed/request", data={"title": "Another one"})
    assert answer.status_code == 429
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors" in policy
    assert page_of(answer).one("body", class_="embedded")
