"""Owners by HTTP: one document, its revisions, and the accounts of its people."""

from uuid import uuid4

import pytest

from plaudit.alerting.people import store
from plaudit.alerting.people.schemas import EXAMPLE, EXAMPLE_YAML
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.people import commands as accounts
from plaudit.common.people.domain import Role as StaffRole
from plaudit_testing.accounts import deactivated
from plaudit_testing.clocks import review

pytestmark = pytest.mark.postgres

YAML = {"content-type": "application/yaml"}


@pytest.fixture
async def api(stage):
    return await stage.client()


async def test_without_a_document_all_belongs_to_the_owner_of_the_installation(api):
    found = await api.get("/v1/owners")
    assert (found.json()["number"], found.headers["etag"]) == (0, '"0"')
    assert found.json()["default_owner"]["address"] == "owner@acme.example"
    assert found.json()["document"] is None


async def test_each_document_is_a_revision_and_the_same_makes_none(api):
    assert (await api.put("/v1/owners", json=EXAMPLE)).json()["number"] == 1
    assert (await api.put("/v1/owners", json=EXAMPLE)).json()["number"] == 1
    assert (await api.put("/v1/owners", content=EXAMPLE_YAML, headers=YAML)).json()["number"] == 2
    found = (await api.get("/v1/owners")).json()
    assert (found["number"], found["format"], found["document"]) == (2, "yaml", EXAMPLE_YAML)
    listed = (await api.get("/v1/owners/revisions")).json()["items"]
    assert [each["number"] for each in listed] == [2, 1]


async def test_a_document_is_saved_over_the_one_that_was_read_alone(api):
    tag = (await api.put("/v1/owners", json=EXAMPLE)).headers["etag"]
    other = await api.put("/v1/owners", json={}, headers={"if-match": '"0"'})
    assert other.status_code == 412
    assert (await api.put("/v1/owners", json={}, headers={"if-match": tag})).json()["number"] == 2


async def test_mistakes_are_told_with_their_places(api):
    wrong = await api.put("/v1/owners", json={"default": {"owner": "x@acme.example"}})
    assert (wrong.status_code, wrong.json()["type"].rpartition("#")[2]) == (422, "wrong-owners")
    assert [each["pointer"] for each in wrong.json()["errors"]] == ["/default/owner"]
    assert (await api.get("/v1/owners")).json()["number"] == 0


async def test_a_person_with_an_account_is_linked_to_it(stage, api):
    async with stage.common.transaction() as tx:
        person_id = uuid4()
        await accounts.create(tx, "default", person_id, "ada@acme.example", "Ada", StaffRole.RESPONDER)
    found = (await api.put("/v1/owners", json=EXAMPLE)).json()
    linked = {each["address"]: each["person_id"] for each in found["people"]}
    assert linked == {"ada@acme.example": str(person_id), "ben@acme.example": None}


async def test_whoever_has_an_account_that_is_deactivated_answers_for_nothing(stage, api):
    async with stage.worker.transaction() as tx:
        state = review()
        await keep_reviews(tx, [stage.record(None, state, state.received_at)])
    only_ada = [{"subject": "acme/berlin", "owner": "ada@acme.example"}]
    await api.put("/v1/owners", json={**EXAMPLE, "assignments": only_ada})
    assert (await api.get("/v1/coverage")).json()["items"] == []
    await deactivated(stage, "ada@acme.example")
    found = (await api.get("/v1/owners")).json()
    assert {each["address"]: each["is_deactivated"] for each in found["people"]} == {
        "ada@acme.example": True,
        "ben@acme.example": False,
    }
    assert found["default_owner"]["address"] == "owner@acme.example"
    [gap] = (await api.get("/v1/coverage")).json()["items"]
    assert (gap["subject"], gap["without_owner"]) == ("acme/berlin", 1)


async def test_another_tenants_accounts_say_nothing_about_people(stage, api):
    await api.put("/v1/owners", json=EXAMPLE)
    await stage.client(tenant="other")
    await deactivated(stage, "ada@acme.example", tenant="other")
    async with stage.worker.transaction() as tx:
        assert (await store.load(tx, ["default"]))["default"].by_address("ada@acme.example")


async def test_another_tenant_has_people_of_its_own(stage, api):
    await api.put("/v1/owners", json=EXAMPLE)
    other = await stage.client(tenant="other")
    assert (await other.get("/v1/owners")).json()["people"] == []


async def test_a_reader_may_not_change_them(stage):
    reader = await stage.client("clocks:read")
    assert (await reader.get("/v1/owners")).status_code == 200
    assert (await reader.put("/v1/owners", json=EXAMPLE)).status_code == 403


async def test_coverage_lists_what_only_the_default_owner_answers_for(stage, api):
    async with stage.worker.transaction() as tx:
        state = review()
        await keep_reviews(tx, [stage.record(None, state, state.received_at)])
    [gap] = (await api.get("/v1/coverage")).json()["items"]
    assert (gap["subject"], gap["without_class"], gap["without_owner"]) == ("acme/berlin", 0, 1)
    await api.put("/v1/owners", json=EXAMPLE)
    assert (await api.get("/v1/coverage")).json()["items"] == []
