"""The console's page of owners."""

import pytest

from plaudit.alerting.people.schemas import EXAMPLE_YAML
from plaudit_testing.accounts import deactivated

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
OWNERS = "/console/owners"


@pytest.fixture
async def admin(stage):
    client = await stage.client()
    key = client.headers["authorization"].removeprefix("Bearer ")
    page = stage.plain_client(accept="text/html")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    return page


async def test_owners_are_written_and_shown_without_a_script(admin):
    empty = (await admin.get(OWNERS)).text
    assert "Nothing is assigned to anybody yet." in empty
    assert "This is an example; nothing of it is in force." in empty
    saved = await admin.post(OWNERS, data={"document": EXAMPLE_YAML.replace("\n", "\r\n"), "number": "0"}, headers=OURS)
    assert (saved.status_code, saved.headers["location"]) == (303, OWNERS)
    page = (await admin.get(OWNERS)).text
    for words in (
        "Revision 1 is in force.",
        "Ada Byron",
        "22:00 to 07:00",
        "at once: the owner",
        "after 30 min: team berlin",
    ):
        assert words in page, words


async def test_whose_account_is_deactivated_is_said_beside_the_name(stage, admin):
    await admin.post(OWNERS, data={"document": EXAMPLE_YAML, "number": "0"}, headers=OURS)
    await deactivated(stage, "ada@acme.example")
    page = (await admin.get(OWNERS)).text
    assert page.count("deactivated: is told nothing") == 1
    assert "belongs to <bdi>owner@acme.example</bdi>" in page


async def test_mistakes_stand_above_the_document_that_was_typed(admin):
    refused = await admin.post(OWNERS, data={"document": "default: {owner: x@y.example}", "number": "0"}, headers=OURS)
    assert refused.status_code == 422
    assert "Not saved: 1 mistake in the document." in refused.text
    assert "<code>/default/owner</code>" in refused.text
    assert "default: {owner: x@y.example}" in refused.text


async def test_what_somebody_else_saved_meanwhile_is_not_overwritten(admin):
    await admin.post(OWNERS, data={"document": EXAMPLE_YAML, "number": "0"}, headers=OURS)
    late = await admin.post(OWNERS, data={"document": "people: []", "number": "0"}, headers=OURS)
    assert late.status_code == 303
    assert "Revision 1 is in force now." in (await admin.get(OWNERS)).text
