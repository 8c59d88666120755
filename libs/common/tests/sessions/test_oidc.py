"""Staff sign in at a real OpenID provider, a process of its own."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from plaudit.common.people.domain import Role
from plaudit.common.sessions.provider import OidcProvider
from plaudit_testing.oidc import Provider, running_provider

pytestmark = pytest.mark.postgres

EMAIL = "ada@example.com"
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with running_provider() as started:
        await started.says(email=EMAIL, email_verified=True)
        yield started


@pytest.fixture
def more_settings(provider: Provider) -> dict[str, object]:
    return {
        "oidc_issuer": provider.url,
        "oidc_client_id": "plaudit",
        "oidc_client_secret": SecretStr("not to be told"),
        "oidc_name": "Example ID",
    }


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def begin(browser: httpx.AsyncClient) -> str:
    answer = await browser.get("/sign-in/oidc?next=/console/clocks")
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_a_verified_address_with_an_account_is_signed_in_and_led_to_its_page(site, browser, provider) -> None:
    person = await site.account(Role.RESPONDER)
    assert "Sign in with Example ID" in (await browser.get("/")).text
    address = await begin(browser)
    assert address.startswith(f"{provider.url}/oauth2/authorize?")
    answer = await browser.get(await provider.consent(address))
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/clocks")
    done = await browser.post("/things/1", headers={"sec-fetch-site": "same-origin"})
    assert done.json() == f"person:{person.id}"
    assert set(browser.cookies) == {"plaudit_session"}


async def test_the_request_has_a_challenge_whose_verifier_and_nonce_are_in_no_cookie(site, browser) -> None:
    await site.account()
    query = query_of(await begin(browser))
    async with site.owner.transaction() as tx:
        attempt = await tx.raw.fetchrow("SELECT * FROM common.oidc_attempts")
    challenge = urlsafe_b64encode(sha256(attempt["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert (query["code_challenge_method"], query["code_challenge"]) == ("S256", challenge)
    assert (query["response_type"], query["nonce"]) == ("code", attempt["nonce"])
    assert sha256(query["state"].encode()).digest() == attempt["state_hash"]
    for secret in (attempt["code_verifier"], attempt["nonce"], query["state"]):
        assert secret not in str(dict(browser.cookies))


async def test_the_verifier_is_sent_with_the_code(site, browser, provider, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.account()
    sent: list[str] = []
    token = OidcProvider._token

    async def spied(self, client, metadata, code, code_verifier):
        client.event_hooks = {"request": [lambda request: asyncio.sleep(0, sent.append(request.content.decode()))]}
        return await token(self, client, metadata, code, code_verifier)

    monkeypatch.setattr(OidcProvider, "_token", spied)
    address = await begin(browser)
    async with site.owner.transaction() as tx:
        verifier = await tx.raw.fetchval("SELECT code_verifier FROM common.oidc_attempts")
    await browser.get(await provider.consent(address))
    assert f"code_verifier={verifier}" in sent[0]


async def test_an_address_without_an_account_is_not_signed_in(site, browser, provider) -> None:
    answer = await browser.get(await provider.consent(await begin(browser)))
    assert (answer.status_code, "no account" in answer.text) == (401, True)
    assert "plaudit_session" not in browser.cookies


@pytest.mark.parametrize(
    "claims",
    [
        {"email": EMAIL, "email_verified": False},
        {"email": EMAIL},
        {"email": EMAIL, "email_verified": "true"},
        {"email_verified": True},
    ],
)
async def test_an_address_that_the_provider_has_not_verified_is_not_signed_in(site, browser, provider, claims) -> None:
    await site.account()
    await provider.says(**claims)
    answer = await browser.get(await provider.consent(await begin(browser)))
    assert (answer.status_code, "verified" in answer.text) == (401, True)
    assert "plaudit_session" not in browser.cookies


async def test_an_address_in_another_script_is_not_taken_for_the_account_that_it_resembles(
    site, browser, provider
) -> None:
    await site.account(email="kim@example.com")
    await provider.says(email="\N{KELVIN SIGN}im@example.com", email_verified=True)
    assert (await browser.get(await provider.consent(await begin(browser)))).status_code == 401
    assert "plaudit_session" not in browser.cookies


async def test_an_account_of_another_tenant_is_not_signed_in(site, browser, provider) -> None:
    await site.account(tenant_id="acme")
    assert (await browser.get(await provider.consent(await begin(browser)))).status_code == 401


async def test_a_sign_in_counts_once_and_only_in_the_browser_that_began_it(site, browser, provider) -> None:
    await site.account()
    back = await provider.consent(await begin(browser))
    victim = await site.new_browser()
    assert (await victim.get(back)).status_code == 401
    await begin(victim)
    assert (await victim.get(back)).status_code == 401
    assert (await browser.get(back)).status_code == 303
    again = await browser.get(back)
    assert (again.headers["location"], "set-cookie" in again.headers) == ("/console", False)
    await browser.post("/sign-out", headers=OURS)
    assert (await browser.get(back)).status_code == 401


async def test_sign_ins_that_one_browser_begins_in_several_tabs_all_end_signed_in(site, browser, provider) -> None:
    person = await site.account()
    first, second = await begin(browser), await begin(browser)
    for address, led_to in ((first, "/console/clocks"), (second, "/console")):
        answer = await browser.get(await provider.consent(address))
        assert (answer.status_code, answer.headers["location"]) == (303, led_to)
        assert (await browser.get("/")).status_code == 200
    async with site.owner.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM common.sessions WHERE person_id = $1", person.id) == 1


async def test_a_code_of_another_sign_in_is_refused_by_its_nonce(site, browser, provider) -> None:
    await site.account()
    stolen = query_of(await provider.consent(await begin(await site.new_browser())))["code"]
    state = query_of(await begin(browser))["state"]
    answer = await browser.get("/sign-in/oidc/callback", params={"code": stolen, "state": state})
    assert answer.status_code == 401
    assert "plaudit_session" not in browser.cookies


async def test_a_sign_in_that_takes_too_long_is_begun_again(site, browser, provider) -> None:
    await site.account()
    back = await provider.consent(await begin(browser))
    await site.move("10 minutes")
    answer = await browser.get(back)
    assert (answer.status_code, "begin again" in answer.text) == (401, True)


async def test_a_denied_sign_in_is_told(site, browser) -> None:
    state = query_of(await begin(browser))["state"]
    answer = await browser.get("/sign-in/oidc/callback", params={"error": "access_denied", "state": state})
    assert answer.status_code == 401


@pytest.mark.parametrize("more_settings", [{"oidc_issuer": "http://localhost:9", "oidc_client_id": "plaudit"}])
async def test_a_provider_that_does_not_answer_is_told_and_keys_still_work(site, browser) -> None:
    answer = await browser.get("/sign-in/oidc")
    assert (answer.status_code, "try again" in answer.text) == (401, True)
    key = await site.key("*")
    assert (await browser.post("/sign-in", data={"key": key}, headers={"origin": str(browser.base_url)})).is_redirect
