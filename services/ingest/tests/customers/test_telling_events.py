"""Events of customers over the API: each judged by itself, known again by its id, and published without an address."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from plaudit.ingest.customers.domain import ID_REUSED
from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

ADA = "ada.lovelace@example.com"
AT = "2026-03-01T12:00:00Z"


def event(event_id: str, kind: str = "purchased", **more: Any) -> dict[str, Any]:
    told = {"id": event_id, "type": kind, "subject": "acme", "happened_at": AT, "email": ADA, **more}
    return {name: value for name, value in told.items() if value is not None}


async def tell(ingest: Ingest, *events: Any, tenant: str = "default") -> httpx.Response:
    headers = {"authorization": f"Bearer {await ingest.key(tenant)}"}
    return await ingest.client.post("/v1/customers/events", json={"events": events}, headers=headers)


async def published(ingest: Ingest) -> list[dict[str, Any]]:
    return [json.loads(row["envelope"]) for row in await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")]


async def test_every_kind_of_event_is_published_under_its_person_and_none_with_an_address(ingest: Ingest):
    kinds = {
        **{kind: {} for kind in ("purchased", "upgraded", "ticket_closed", "contacted", "replied", "opted_out")},
        "stage_entered": {"stage": "onboarding"},
        "renewal_set": {"renews_at": "2027-01-01T00:00:00Z"},
    }
    answer = await tell(ingest, *(event(kind, kind, **more) for kind, more in kinds.items()))
    assert answer.status_code == 200
    assert answer.json()["accepted"] == len(kinds)
    events = await published(ingest)
    assert [each["type"] for each in events] == [f"customer.{kind}" for kind in kinds]
    assert len({each["data"]["person"] for each in events}) == 1
    assert "@" not in json.dumps(events)
    keys = await ingest.rows("SELECT DISTINCT topic, key FROM ingest.outbox")
    assert [(row["topic"], row["key"].decode()) for row in keys] == [
        ("customers.v1", f"default/{events[0]['data']['person']}")
    ]


async def test_an_event_comes_once_however_often_and_at_once_it_is_sent(ingest: Ingest):
    await ingest.key()
    answers = await asyncio.gather(*(tell(ingest, event("e-1"), event("e-2")) for _ in range(10)))
    assert sorted(each.json()["accepted"] for each in answers) == [0] * 9 + [2]
    assert sum(each.json()["duplicates"] for each in answers) == 18
    assert len(await published(ingest)) == 2
    again = (await tell(ingest, event("e-1", "replied"))).json()["verdicts"][0]
    assert (again["verdict"], again["reason"]) == ("rejected", ID_REUSED)
    assert (await tell(ingest, event("e-1"), tenant="other")).json()["accepted"] == 1


async def test_a_wrong_event_is_told_by_its_place_and_costs_no_other(ingest: Ingest):
    wrong: list[tuple[dict[str, Any], str]] = [
        (event("w-1", "sold"), "type"),
        (event("w-2", email="nobody"), "email"),
        (event("w-3", person="native:c-1"), "one of them only"),
        (event("w-4", email=None), "by `email` or by `person`"),
        (event("w-5", email=None, person=ADA), "person"),
        (event("w-6", "stage_entered"), "`stage`"),
        (event("w-7", "renewal_set"), "`renews_at`"),
        (event("w-8", reference=ADA), "reference"),
        (event("w-9", happened_at="yesterday"), "happened_at"),
        (event("w-10", subject="a//b"), "subject"),
        (event("w-11", surprise=1), "no such field"),
        ({}, "id"),
        (event(ADA), "id"),
    ]
    answer = await tell(ingest, event("first"), *(each for each, _ in wrong), event("last"))
    assert answer.status_code == 200, answer.text
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (2, len(wrong))
    verdicts = answer.json()["verdicts"]
    assert [each["index"] for each in verdicts] == list(range(len(wrong) + 2))
    for (_, why), verdict in zip(wrong, verdicts[1:-1], strict=True):
        assert verdict["verdict"] == "rejected"
        assert why in verdict["reason"], verdict
    assert ADA not in answer.text
    assert len(await published(ingest)) == 2


async def test_a_batch_holds_1_to_1_000_events(ingest: Ingest):
    assert (await tell(ingest)).status_code == 422
    assert (await tell(ingest, *(event(str(number)) for number in range(1_001)))).status_code == 422
    assert (await tell(ingest, *(event(str(number)) for number in range(1_000)))).json()["accepted"] == 1_000


async def test_an_address_is_stored_encrypted_alone_and_read_with_the_consent(ingest: Ingest):
    await tell(ingest, event("e-1", consent="granted"))
    [row] = await ingest.rows("SELECT * FROM ingest.contacts")
    assert ADA not in str(row)
    for table in ("customer_events", "outbox", "contacts"):
        assert "lovelace" not in str(await ingest.rows(f"SELECT {table}::text FROM ingest.{table}"))
    read = (await ingest.get(f"/v1/contacts/{row['person']}")).json()
    assert (read["address"], read["consent"], read["consent_at"]) == (ADA, "granted", AT)
    assert (await ingest.get("/v1/contacts/native:nobody")).status_code == 404
    assert (await ingest.get(f"/v1/contacts/{row['person']}", "other")).status_code == 404


async def test_an_opt_out_denies_and_an_earlier_grant_that_comes_late_does_not_undo_it(ingest: Ingest):
    await tell(ingest, event("e-1", "opted_out"), event("e-2", consent="granted", happened_at="2026-02-01T00:00:00Z"))
    [row] = await ingest.rows("SELECT * FROM ingest.contacts")
    assert row["consent"] == "denied"
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    body = {"email": f" {ADA.upper()} ", "consent": "granted"}
    again = await ingest.client.put("/v1/contacts", json=body, headers=headers)
    assert again.status_code == 200, again.text
    assert (again.json()["person"], again.json()["consent"]) == (row["person"], "granted")
    refused = await ingest.client.put("/v1/contacts", json={"email": "ada lovelace"}, headers=headers)
    assert refused.status_code == 422
    assert "lovelace" not in refused.text
