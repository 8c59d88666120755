"""A person who asks on the board for the deletion of all about them is erased as if staff had asked."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from plaudit.common.contracts import Envelope, ErasureRequest
from plaudit.common.db import Role, lock
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import Record
from plaudit.common.person_keys import person_key
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.consumer import ErasureAsked, order_keys, persons_who_ask
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

ADA = "ada.lovelace@example.com"


def asked(person: str) -> Record[ErasureAsked]:
    """The record of the board's notice, as the consumer decodes it."""
    now = datetime.now(UTC)
    envelope: Envelope[Any] = Envelope(
        specversion="1.0",
        id=str(uuid7()),
        source="/plaudit/feedback-board",
        type="person.erasure_requested",
        time=now,
        subject=person,
        tenant="default",
        datacontenttype="application/json",
        data=ErasureRequest(person=person, requested_at=now),
        epoch="1",
        sequence=f"{1:020d}",
    )
    event = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope[ErasureAsked])
    return Record(event=event, partition=0, offset=0, sequence=1, epoch=1)


async def test_who_asks_on_the_board_is_erased_with_the_contact_that_is_here(ingest: Ingest) -> None:
    resources = ingest.resources
    vault, worker = vault_of(resources.settings), resources.database(Role.WORKER)
    [row] = await ingest.rows("SELECT common.person_key('default') AS key")
    person = person_key(row["key"], ADA)
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    event = {
        "id": "e-1",
        "type": "purchased",
        "email": ADA,
        "subject": "acme",
        "happened_at": datetime.now(UTC).isoformat(),
    }
    told = await ingest.client.post("/v1/customers/events", json={"events": [event]}, headers=headers)
    assert told.json()["accepted"] == 1, told.text

    subscription = persons_who_ask(resources.outbox, resources.ids, vault)
    async with worker.transaction() as tx:
        record = asked(person)
        await lock(tx, order_keys(record))
        assert await subscription.handler()(tx, [record]) == ()
    [erasure] = await ingest.items("/v1/erasures")
    assert erasure["requested_by"] == "person"

    job = ErasureJob(worker, resources.outbox, resources.ids, vault, settling_seconds=0)
    while await job.has_work():
        await job.turn()
    assert await ingest.rows("SELECT FROM ingest.contacts WHERE person = $1", person) == []
    events = [msgspec.json.decode(each["envelope"]) for each in await ingest.rows("SELECT envelope FROM ingest.outbox")]
    assert [each["data"]["person"] for each in events if each["type"] == "customer.erased"] == [person]
