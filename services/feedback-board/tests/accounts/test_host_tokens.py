"""The host's product signs its customers in by a token: once each, and by its own secret alone."""

import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from plaudit_testing.board_pages import BOARD, activity_of, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres

SECRET = "s" * 40
PATH = "/v1/board/sign-in-secret"


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    now = int(time.time())
    whole = {"sub": "c-1", "aud": "plaudit-board:default", "iat": now, "exp": now + 600, "jti": "t-1", **claims}
    said = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode({"alg": algorithm}, said, OctKey.import_key(secret), algorithms=[algorithm])


@pytest.fixture
async def secret_is_set(api: httpx.AsyncClient) -> None:
    assert (await api.put(PATH, json={"secret": SECRET})).status_code == 200


async def use(browser: httpx.AsyncClient, given: str, **more: str) -> httpx.Response:
    return await browser.post(f"{BOARD}/sign-in/token", data={"token": given, **more})


async def test_a_token_signs_in_who_it_names_by_one_click(secret_is_set, api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    shown = await browser.get(f"{BOARD}/sign-in/token", params={"token": token(name="Ada"), "next": path})
    assert not browser.cookies
    signed_in = await submit(browser, page_of(shown).one("form", class_="card"))
    assert signed_in.url.path == path
    await browser.post(f"{path}/votes", data={"choice": "vote"})
    (voted,) = await activity_of(api, "voted")
    assert voted["person"] == "host:c-1"
    assert "Signed in as Ada" in page_of(await browser.get(f"{BOARD}/me")).text


async def test_a_token_with_a_verified_address_is_the_person_of_the_mailbox(
    secret_is_set, api: httpx.AsyncClient, clients, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    by_token, by_mail = clients.visitor(), clients.visitor()
    given = token(email="Ada@Example.com", email_verified=True)
    assert (await use(by_token, given)).status_code == 303
    await sign_in(by_mail, "ada@example.com")
    for browser in (by_token, by_mail):
        await browser.post(f"{path}/votes", data={"choice": "vote"})
    (found,) = (await api.get("/v1/requests")).json()["items"]
    assert (found["votes"], found["reach"]) == (1, 1)


async def test_a_token_counts_once(secret_is_set, api: httpx.AsyncClient, clients) -> None:
    given = token()
    assert (await use(clients.visitor(), given)).status_code == 303
    again = clients.visitor()
    answer = await use(again, given)
    assert answer.status_code == 401
    assert "came before" in answer.text
    assert not again.cookies


async def test_a_token_that_another_site_posts_is_shown_first(secret_is_set, api: httpx.AsyncClient, clients) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://host.example"}, {}):
        browser = clients.visitor(headers=headers)
        answer = await use(browser, token())
        assert answer.status_code == 200
        assert "Go on to the board" in answer.text
        assert not browser.cookies


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        *({"aud": "plaudit-board:other"}, {"aud": None}, {"aud": ["plaudit-board:default", "x"]}),
        *({"exp": NOW - 3600, "iat": NOW - 7200}, {"exp": None}, {"exp": NOW + 86_400 * 2}, {"exp": "soon"}),
        *({"iat": None}, {"iat": NOW + 3600, "exp": NOW + 7200}, {"exp": 1e300}, {"iat": True}),
        *({"jti": None}, {"jti": ""}, {"jti": "x" * 129}, {"jti": 7}),
        *({"sub": None}, {"sub": "ada@example.com"}, {"sub": "two words"}, {"sub": ""}),
        *({"email": "ada@example.com"}, {"email": "ada@example.com", "email_verified": "true"}),
        *({"email": "no mailbox", "email_verified": True}, {"email": 7, "email_verified": True}),
        *({"name": 7}, {"name": "x" * 61}),
    ],
)
async def test_a_token_with_a_wrong_claim_signs_nobody_in(
    secret_is_set, api: httpx.AsyncClient, clients, claims: dict[str, Any]
) -> None:
    browser = clients.visitor()
    answer = await use(browser, token(**claims))
    assert answer.status_code == 401, answer.text
    assert page_of(answer).one("p", role="alert").text
    assert not browser.cookies


async def test_a_token_of_another_secret_or_algorithm_signs_nobody_in(
    secret_is_set, api: httpx.AsyncClient, clients
) -> None:
    head, body, _ = token().split(".")
    none_head = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    for given in (
        token("t" * 40),
        token(algorithm="HS512"),
        f"{none_head}.{body}.",
        f"{none_head}.{body}",
        f"{head}.{body}.",
        "",
        "x",
        "a.b.c",
        "é" * 10,
        "x" * 4096,
    ):
        answer = await use(clients.visitor(), given)
        assert answer.status_code in {401, 422}, given


async def test_without_a_secret_no_token_signs_in(api: httpx.AsyncClient, clients) -> None:
    assert (await use(clients.visitor(), token())).status_code == 401
    assert (await api.get(PATH)).status_code == 404


async def test_a_rotated_secret_counts_for_a_day_and_a_deleted_one_no_more(
    secret_is_set, api: httpx.AsyncClient, clients, clock
) -> None:
    first = (await api.get(PATH)).json()
    assert first["previous_until"] is None
    assert SECRET not in str(first)
    assert (await api.put(PATH, json={"secret": SECRET})).json() == first  # the same again changes nothing
    rotated = (await api.put(PATH, json={"secret": "n" * 40})).json()
    assert rotated["previous_until"] is not None
    assert (await use(clients.visitor(), token(jti="old"))).status_code == 303
    assert (await use(clients.visitor(), token("n" * 40, jti="new"))).status_code == 303
    await clock.move_to(timedelta(hours=25))
    later = int(time.time()) + 25 * 3600
    times = {"iat": later, "exp": later + 600}
    assert (await use(clients.visitor(), token(jti="old-2", **times))).status_code == 401
    assert (await use(clients.visitor(), token("n" * 40, jti="new-2", **times))).status_code == 303
    assert (await api.delete(PATH)).status_code == 204
    assert (await use(clients.visitor(), token("n" * 40, jti="new-3", **times))).status_code == 401


@pytest.mark.parametrize("secret", ["short", "x" * 31, "x" * 257, "x" * 31 + " ", "ü" * 40])
async def test_a_weak_secret_is_refused(api: httpx.AsyncClient, secret: str) -> None:
    assert (await api.put(PATH, json={"secret": secret})).status_code == 422


async def test_the_secret_is_stored_sealed_and_is_another_tenants_nothing(
    secret_is_set, api: httpx.AsyncClient, clients, worker
) -> None:
    async with worker.transaction() as tx:
        (row,) = await tx.raw.fetch("SELECT sign_in_secrets::text AS row FROM sign_in_secrets")
    assert SECRET not in row["row"]
    other = await clients.with_key("other", "*")
    assert (await other.get(PATH)).status_code == 404
    assert (await clients.visitor().post("/b/other/sign-in/token", data={"token": token()})).status_code == 401
