"""Services that have a key of the vault get addresses, sealed; nobody else gets any, and nothing of the erased."""

import json
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from plaudit.common.db import Role
from plaudit.common.delivery.commands import NotCompletedError
from plaudit.common.delivery.contacts import PATH, AddressBook, Question, seal_answer, seal_question
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.http_client import HttpAnswer, HttpClient
from plaudit.common.vault import KeyRing, Vault, vault_of
from plaudit.common.vault.key_ring import new_key
from plaudit.ingest.contacts.jobs import ResealJob
from plaudit.ingest.customers.domain import CustomerEvent, EventType
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit_testing.running_ingest import Ingest, running_ingest
from plaudit_testing.vault import VAULT_KEYS

pytestmark = pytest.mark.postgres
ADA = "ada.lovelace@example.com"
Books = Callable[..., AddressBook]
SURVEY = {"name": "After", "subject": "acme", "kind": "stars", "template": "shop", "language": "en"}


class Wire(HttpClient):
    """Keeps what has travelled."""

    def __init__(self) -> None:
        super().__init__()
        self.travelled: list[bytes] = []

    async def ask(self, method: str, url: str, **more: Any) -> HttpAnswer:
        answer = await super().ask(method, url, **more)
        self.travelled += [more["body"], answer.body]
        return answer


@pytest.fixture
async def book() -> AsyncIterator[Books]:
    """Address books of another service, which are closed in the end."""
    opened: list[AddressBook] = []

    def of(ingest: Ingest, vault: Vault | None = None, wire: Wire | None = None) -> AddressBook:
        origin = str(ingest.client.base_url)
        opened.append(AddressBook(origin, vault or vault_of(ingest.resources.settings), wire))
        return opened[-1]

    yield of
    for each in opened:
        await each.close()


async def put_contact(ingest: Ingest, consent: str = "granted", address: str = ADA) -> str:
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    answer = await ingest.client.put("/v1/contacts", json={"email": address, "consent": consent}, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["person"])


async def make_survey(ingest: Ingest, **changes: Any) -> str:
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    answer = await ingest.client.post("/v1/surveys", json=SURVEY | changes, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_who_has_a_key_of_the_vault_gets_the_address_and_no_address_travels_in_clear(book: Books, ingest: Ingest):
    person = await put_contact(ingest)
    wire = Wire()
    found = await book(ingest, wire=wire).contact("default", person)
    assert (found.address, found.consent) == (ADA, "granted")
    assert found.consent_at is not None
    assert len(wire.travelled) == 2
    for each in wire.travelled:
        assert ADA.encode() not in each
        assert person.encode() not in each


async def test_who_has_another_key_gets_nothing(book: Books, ingest: Ingest):
    person = await put_contact(ingest)
    with pytest.raises(NotCompletedError, match="404"):
        await book(ingest, Vault(KeyRing.parse(new_key("other")))).contact("default", person)
    for body in (b"", b"{}", b"\xff\xfe", person.encode()):
        answer = await ingest.client.post(PATH, content=body)
        assert answer.status_code == 404


async def test_an_answer_to_another_question_counts_for_none(ingest: Ingest):
    vault = vault_of(ingest.resources.settings)
    asked = Question(tenant_id="default", person="native:other", number=secrets.token_hex(16))

    class Forged(HttpClient):
        async def ask(self, method: str, url: str, **more: Any) -> HttpAnswer:
            return HttpAnswer(200, {}, seal_answer(vault, asked, Contact(address="eve@example.com")))

    with pytest.raises(NotCompletedError, match="keys of the vault differ"):
        await AddressBook("http://127.0.0.1:1", vault, Forged()).contact("default", "native:ada")


async def test_without_an_address_and_of_another_tenant_there_is_none(book: Books, ingest: Ingest):
    person = await put_contact(ingest)
    await ingest.key("other")
    asking = book(ingest)
    assert await asking.contact("default", "native:unknown") == Contact()
    assert await asking.contact("other", person) == Contact()


async def test_an_erased_person_has_no_address_any_more(book: Books, ingest: Ingest):
    person = await put_contact(ingest)
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    assert (await ingest.client.post("/v1/erasures", json={"email": ADA}, headers=headers)).status_code == 202
    resources = ingest.resources
    worker, vault = resources.database(Role.WORKER), vault_of(resources.settings)
    job = ErasureJob(worker, resources.outbox, resources.ids, vault, settling_seconds=0)
    while await job.has_work():
        await job.turn()
    assert await book(ingest).contact("default", person) == Contact()


async def test_after_a_rotation_and_without_the_old_key_the_address_is_found(
    book: Books, ingest: Ingest, ingest_url: str
):
    person, new = await put_contact(ingest), new_key("second")
    job = ResealJob(ingest.resources.database(Role.WORKER), Vault(KeyRing.parse(f"{new} {VAULT_KEYS}")))
    while await job.turn():
        pass
    async with running_ingest(ingest_url, vault_keys=new) as again:
        assert (await book(again).contact("default", person)).address == ADA


async def test_a_question_under_the_old_key_is_answered_while_the_old_key_is_there(ingest: Ingest):
    person = await put_contact(ingest)
    rotated = Vault(KeyRing.parse(f"{new_key('second')} {VAULT_KEYS}"))
    ingest.parts.app.state.vault = rotated  # type: ignore[union-attr]
    answer = await ingest.client.post(
        PATH,
        content=seal_question(
            vault_of(ingest.resources.settings), Question(tenant_id="default", person=person, number="1")
        ),
    )
    assert answer.status_code == 200
    assert answer.text.startswith(rotated.current_prefix)


async def test_a_link_of_a_survey_is_the_persons_own_and_the_same_each_time(book: Books, ingest: Ingest):
    person, survey = await put_contact(ingest), await make_survey(ingest)
    first = await book(ingest).contact("default", person, survey)
    assert "/s/" in first.link
    assert (await book(ingest).contact("default", person, survey)).link == first.link
    other = await put_contact(ingest, address="bob@example.com")
    assert (await book(ingest).contact("default", other, survey)).link != first.link
    [listed] = await ingest.items("/v1/surveys")
    assert listed["invited"] == 2


@pytest.mark.parametrize("given", ["no uuid", "0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"])
async def test_where_there_is_no_such_survey_there_is_no_link_and_why(book: Books, ingest: Ingest, given: str):
    person = await put_contact(ingest)
    found = await book(ingest).contact("default", person, given)
    assert (found.address, found.link, found.why_no_link) == (ADA, "", "there is no such survey")


async def test_who_has_denied_consent_gets_no_link(book: Books, ingest: Ingest):
    person, survey = await put_contact(ingest, "denied"), await make_survey(ingest)
    found = await book(ingest).contact("default", person, survey)
    assert (found.consent, found.link) == ("denied", "")
    [listed] = await ingest.items("/v1/surveys")
    assert listed["invited"] == 0


async def test_what_a_customer_says_of_mails_is_published_without_an_address(ingest: Ingest):
    person = await put_contact(ingest)
    await put_contact(ingest, "unknown")
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    bought = {"id": "e-1", "type": "purchased", "email": ADA, "subject": "acme", "happened_at": "2026-03-01T12:00:00Z"}
    told = bought | {"consent": "denied", "language": "de", "zone": "Europe/Berlin"}
    wrong = bought | {"id": "e-2", "zone": "Mars/Olympus"}
    answer = await ingest.client.post("/v1/customers/events", json={"events": [told, wrong]}, headers=headers)
    assert [each["verdict"] for each in answer.json()["verdicts"]] == ["accepted", "rejected"]
    assert "zone" in answer.json()["verdicts"][1]["reason"]
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    events = [json.loads(row["envelope"]) for row in rows]
    assert [each["type"] for each in events] == [
        "customer.consent_set",
        "customer.purchased",
        "customer.consent_set",
    ]
    assert [each["data"].get("consent") for each in events] == ["granted", None, "denied"]
    assert (events[1]["data"]["language"], events[1]["data"]["zone"]) == ("de", "Europe/Berlin")
    assert {each["data"]["person"] for each in events} == {person}
    assert "@" not in json.dumps(events)


def test_an_event_of_before_a_field_was_there_is_known_again() -> None:
    event = CustomerEvent(
        event_id="e-1",
        type=EventType.PURCHASED,
        person="native:c-1",
        subject="acme",
        happened_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert event.fingerprint.hex() == "235d52709f8874e40073eac5ec76f8c43ef61fd94bbc3415c81b0380f952cdb8"
    assert msgspec.structs.replace(event, zone="Europe/Berlin").fingerprint != event.fingerprint
