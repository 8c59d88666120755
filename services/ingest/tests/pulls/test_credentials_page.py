"""The form of what a source is asked with, in the console."""

import re
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.ingest.platforms import INTERFACES
from plaudit.ingest.pulls.pages import _BY_NAME
from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
PULLED = sorted(INTERFACES)


@pytest.fixture
async def staff(ingest: Ingest) -> httpx.AsyncClient:
    """The test's client, signed in to the console with all that a key may do."""
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key()}, headers=OURS)
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


def typed(credentials: dict[str, Any]) -> dict[str, str]:
    """Credentials as somebody types them: lists one a line, with the line ends of a browser."""
    return {name: value if isinstance(value, str) else "\r\n".join(value) for name, value in credentials.items()}


@pytest.mark.parametrize("platform", PULLED)
def test_every_field_has_words_of_its_own(platform: str):
    names = [each.name for each in msgspec.structs.fields(INTERFACES[platform].credentials)]
    assert [name for name in names if name not in _BY_NAME] == []


@pytest.mark.parametrize("platform", PULLED)
async def test_they_are_set_with_the_form_and_the_source_is_asked(
    puller: Any, platforms: Any, ingest: Ingest, staff: httpx.AsyncClient, platform: str
):
    says = platforms.says(platform)
    says.review("r-1")
    source = await puller.plain_source(platform)
    path = f"/console/sources/{source.id}"
    page = unescape((await staff.get(path)).text)
    assert f'href="{path}/credentials">Set the credentials' in page
    form = unescape((await staff.get(f"{path}/credentials")).text)
    assert re.findall(r'<(?:input|textarea) id="credential-([a-z_]+)"', form) == [
        each.name for each in msgspec.structs.fields(INTERFACES[platform].credentials)
    ]
    sent = await staff.post(f"{path}/credentials", data=typed(says.credentials))
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    assert (await puller.pull(source))["error"] is None
    assert len(await ingest.items("/v1/reviews")) == 1
    page = unescape((await staff.get(path)).text)
    assert "Replace the credentials" in page
    form = (await staff.get(f"{path}/credentials")).text
    assert "The present ones were set on" in form
    assert not [value for value in typed(says.credentials).values() if value[:40] in form], "no value is shown again"


async def test_a_refusal_is_said_at_its_field_and_shows_no_secret(puller: Any, staff: httpx.AsyncClient):
    source = await puller.plain_source("app-store")
    wrong = {"issuer_id": "issuer-typed", "key_id": "b", "private_key": "secretkey", "app_id": "1"}
    answer = await staff.post(f"/console/sources/{source.id}/credentials", data=wrong)
    assert answer.status_code == 422
    [said] = re.findall(r'id="credential-private_key-error"[^>]*>([^<]*)<', answer.text)
    assert said == "Must be an elliptic curve P-256 private key in PEM."
    assert "issuer-typed" in answer.text
    assert "secretkey" not in answer.text
    assert (await puller.state(source))["state"] == "no_credentials"
    missing = await staff.post(f"/console/sources/{source.id}/credentials", data={"issuer_id": "a"})
    assert missing.status_code == 422


async def test_there_is_no_form_for_what_is_not_asked_and_for_who_may_only_read(
    puller: Any, ingest: Ingest, staff: httpx.AsyncClient
):
    native = await ingest.source()
    assert (await staff.get(f"/console/sources/{native.id}/credentials")).status_code == 404
    source = await puller.plain_source("g2")
    reader = await ingest.client.post(
        "/sign-in", data={"key": await ingest.key("default", "sources:read")}, headers=OURS
    )
    ingest.client.cookies.update(reader.cookies)
    path = f"/console/sources/{source.id}"
    shown = (await staff.get(path)).text
    assert f"{path}/credentials" not in shown
    assert "the credentials</a>" not in shown
    assert (await staff.get(f"{path}/credentials")).status_code == 403
    sent = await staff.post(f"{path}/credentials", data={"token": "t", "product_id": "p"})
    assert sent.status_code == 403


async def test_the_list_of_sources_says_which_cannot_be_asked(puller: Any, platforms: Any, staff: httpx.AsyncClient):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    await puller.pull(source)
    assert "cannot be asked" not in (await staff.get("/console/sources")).text
    platforms.servers["trustpilot"].fault = "cut"
    assert (await puller.pull(source))["state"] == "failing"
    for path in ("/console/sources", f"/console/sources/{source.id}"):
        assert "cannot be asked" in (await staff.get(path)).text
