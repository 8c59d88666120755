"""Every page that answers a form has links to other languages that lead somewhere."""

import httpx
import pytest

from plaudit.common.process import Parts
from plaudit_testing.board_pages import BOARD, page_of, put_on_board
from plaudit_testing.operations import operations_of

pytestmark = pytest.mark.postgres

ONCE = {f"{kind}s_per_hour_per_network": 1 for kind in ("vote", "request", "comment")}


async def _refused(api: httpx.AsyncClient, browser: httpx.AsyncClient) -> dict[str, httpx.Response]:
    """The path of each form → an answer to it that is a page."""
    path = await put_on_board(api, "Dark mode")
    other = await put_on_board(api, "Light mode")
    made = await browser.post(f"{BOARD}/requests", data={"title": "A visitor's own"})
    said = await browser.post(f"{path}/comments", data={"text": "It is dark."})
    comment = said.headers["location"].rpartition("#comment-")[2]
    await browser.post(f"{path}/votes", data={"choice": "vote"})
    own = made.headers["location"].partition("?")[0]
    forms: dict[str, tuple[str, dict[str, str]]] = {
        "/requests": (f"{BOARD}/requests", {"title": ""}),
        "/embed/request": (f"{BOARD}/embed/request", {"title": ""}),
        "/r/{slug}/votes": (f"{other}/votes", {"choice": "vote"}),
        "/r/{slug}/votes-instead": (f"{other}/votes-instead", {}),
        "/r/{slug}/followers": (f"{other}/followers", {"choice": "follow"}),
        "/r/{slug}/edit": (f"{own}/edit", {"choice": "edit", "title": ""}),
        "/r/{slug}/comments": (f"{path}/comments", {"text": ""}),
        "/r/{slug}/comments/{comment_id}": (f"{path}/comments/{comment}", {"choice": "edit", "text": ""}),
        "/sign-in": (f"{BOARD}/sign-in", {"email": "nobody"}),
        "/sign-in/token": (f"{BOARD}/sign-in/token", {"token": "none"}),
        "/links/{token}": (f"{BOARD}/links/{'x' * 43}", {}),
        "/me": (f"{BOARD}/me", {"name": "Ada"}),
        "/your-data": (f"{BOARD}/your-data", {"email": "nobody", "choice": "export"}),
    }
    answers = {form: await browser.post(address, data=data) for form, (address, data) in forms.items()}
    answers["/requests, often"] = await browser.post(f"{BOARD}/requests", data={"title": "Once more"})
    answers["/r/{slug}/comments, often"] = await browser.post(f"{path}/comments", data={"text": "Once more."})
    return answers


@pytest.mark.settings(**ONCE)
async def test_the_links_to_other_languages_of_an_answer_to_a_form_work(
    parts: Parts, api: httpx.AsyncClient, clients
) -> None:
    browser = clients.visitor()
    answers = await _refused(api, browser)
    assert parts.app is not None
    forms = {
        each.path.removeprefix("/b/{tenant}")
        for each in operations_of("feedback-board", parts.app)
        if each.path.startswith("/b/{tenant}") and each.method == "POST"
    }
    assert forms - {"/sign-out"} == {form.partition(",")[0] for form in answers}
    for form, answer in answers.items():
        assert answer.status_code >= 400, form
        links = page_of(answer).all("a", hreflang="de")
        if form.startswith("/embed"):
            assert not links
            continue
        (link,) = links
        address = httpx.URL(str(answer.url)).join(link.attributes["href"])
        german = await browser.get(str(address), headers={"accept": "text/html"})
        assert german.status_code in {200, 410, 401}, (form, address)
        assert page_of(german).one("html").attributes["lang"] == "de", form
