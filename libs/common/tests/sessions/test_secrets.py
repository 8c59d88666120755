"""No secret of signing in is in a log, a metric, a page, an address after its use, or a cookie beside the session's."""

import logging
import re

import httpx
import pytest
from prometheus_client import generate_latest
from pydantic import SecretStr
from structlog.testing import capture_logs

from plaudit.common.people.domain import Role
from plaudit_testing.oidc import running_provider

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
EMAIL = "ada.canary@example.com"
CLIENT_SECRET = "client-secret-canary-f3a1"
COOKIE = "plaudit_session"
OF_THE_TEST = ("httpx", "httpcore", "uvicorn.access", "mail.log")
"""Lines of the browsers, of the mailbox, and of a server that keeps no access log when it is run as a service."""


@pytest.fixture
async def provider():
    async with running_provider() as started:
        await started.says(email=EMAIL, email_verified=True)
        yield started


@pytest.fixture
def more_settings(provider) -> dict[str, object]:
    return {
        "oidc_issuer": provider.url,
        "oidc_client_id": "plaudit",
        "oidc_client_secret": SecretStr(CLIENT_SECRET),
    }


class Seen:
    """What the application shows to others than the browser that signs in."""

    def __init__(self) -> None:
        self.secrets = {CLIENT_SECRET}
        self.pages: list[str] = []
        self.cookies: dict[str, str] = {}

    def keep(self, answer: httpx.Response) -> None:
        """Keep a page, where its answer leads, and its cookies but the session's."""
        self.pages += [answer.text, answer.headers.get("location", "")]
        self.cookies |= {name: value for name, value in answer.cookies.items() if name != COOKIE}
        session_id = answer.cookies.get(COOKIE)
        if session_id:
            self.secrets.add(session_id)


async def test_none_is_told_anywhere(site, provider, mailbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    person = await site.account(Role.RESPONDER, EMAIL)
    key = await site.key("*")
    seen.secrets.add(key.split("_", 2)[2])
    with capture_logs() as lines:
        by_key = await site.new_browser()
        seen.keep(await by_key.post("/sign-in", data={"key": key, "next": "/"}, headers=OURS))
        seen.keep(await by_key.post("/sign-in", data={"key": key[:-1]}, headers=OURS))

        by_link = await site.new_browser()
        seen.keep(await by_link.post("/sign-in/link", data={"email": EMAIL}, headers=OURS))
        await site.settled()
        [path] = set(re.findall(r"/sign-in/link/[\w-]{43}", mailbox.mails[0].get_body(("plain",)).get_content()))
        seen.secrets.add(path.rpartition("/")[2])
        seen.keep(await by_link.get(path))
        seen.keep(await by_link.post(path, headers=OURS))
        seen.keep(await by_link.post(path, headers=OURS))

        by_provider = await site.new_browser()
        sent_there = await by_provider.get("/sign-in/oidc")
        async with site.owner.transaction() as tx:
            attempt = await tx.raw.fetchrow("SELECT nonce, code_verifier FROM common.oidc_attempts")
        back = await provider.consent(sent_there.headers["location"])
        seen.secrets |= {attempt["code_verifier"], attempt["nonce"], *re.findall(r"(?:code|state)=([^&]+)", back)}
        seen.keep(await by_provider.get(back))
        seen.keep(await by_provider.get(back))

        for number, browser in enumerate((by_key, by_link, by_provider)):
            seen.keep(await browser.get("/"))
            seen.keep(await browser.get("/nowhere"))
            seen.keep(await browser.post(f"/things/{number}", headers=OURS))
            seen.keep(await browser.post("/sign-out", headers=OURS))
    assert len(seen.secrets) >= 9
    libraries = [record.getMessage() for record in caplog.records if not record.name.startswith(OF_THE_TEST)]
    logged = f"{lines}{libraries}"
    assert "signed_in" in logged
    for what in (logged, generate_latest().decode(), "\n".join(seen.pages), str(seen.cookies)):
        told = [secret for secret in seen.secrets if secret in what]
        assert told == []
    assert EMAIL not in logged
    assert str(person.id) in logged


async def test_a_page_for_the_public_neither_reads_nor_sets_the_session(site, browser, monkeypatch) -> None:
    person = await site.account()
    browser = await site.signed_in(person)

    def read(*_arguments: object) -> None:
        raise AssertionError("a public page has read the session")

    for name in ("principal", "find", "id_of"):
        monkeypatch.setattr(f"plaudit.common.sessions.lookup.StaffSessions.{name}", read)
    for path in ("/docs", "/problems", "/sign-in"):
        answer = await browser.get(path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
