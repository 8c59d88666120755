"""An erasure empties every store, tells the bus, and nothing of it comes back."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from plaudit.common.db import Role
from plaudit.common.erasure import RUNTIME_STORES
from plaudit.common.vault import Place, vault_of
from plaudit.ingest.deliveries.jobs import DeliveryRetentionJob
from plaudit.ingest.erasure import commands
from plaudit.ingest.erasure.domain import SETTLING_SECONDS, STORES
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.vault import lost

pytestmark = pytest.mark.postgres

ADA = "ada.lovelace@example.com"
WORDS = "quibblefrotz"
"""A word that is in nothing but what is erased."""
LATER = "2099-01-01T00:00:00Z"

Erase = Callable[..., Awaitable[dict[str, Any]]]


def by_ada(external_id: str, **more: Any) -> dict[str, Any]:
    return created(external_id, 2, text=f"It was {WORDS}.", title=WORDS, author={"email": ADA}, **more)


def job_of(ingest: Ingest) -> ErasureJob:
    resources = ingest.resources
    vault = vault_of(resources.settings)
    return ErasureJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault, settling_seconds=0)


async def move_clock(ingest: Ingest, hours: float) -> None:
    await ingest.superuser.execute("DELETE FROM common.clock_offset")
    await ingest.superuser.execute("INSERT INTO common.clock_offset (moved_by) VALUES ($1)", timedelta(hours=hours))


@pytest.fixture
def erase(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> Erase:
    """Ask for an erasure, and carry it out; the receipt."""
    monkeypatch.setattr(commands, "DELIVERIES_PER_TURN", 2)
    monkeypatch.setattr(commands, "OUTBOX_ROWS_PER_TURN", 3)
    monkeypatch.setattr(commands, "REVIEWS_PER_TURN", 2)
    job = job_of(ingest)

    async def carry_out(**wanted: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {await ingest.key()}"}
        asked = await ingest.client.post("/v1/erasures", json=wanted, headers=headers)
        assert asked.status_code == 202, asked.text
        while await job.has_work():
            await job.turn()
        receipt: dict[str, Any] = (await ingest.get(f"/v1/erasures/{asked.json()['id']}")).json()
        assert receipt["stage"] == "done"
        assert len(receipt["digest"]) == 64
        return receipt

    return carry_out


async def everything(ingest: Ingest) -> str:
    """All that is stored by the service, with bytes as text."""
    tables = await ingest.rows(
        "SELECT c.oid::regclass::text AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace "
        "WHERE nspname = 'ingest' AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    found = []
    for table in tables:
        for row in await ingest.rows(f"SELECT * FROM {table['name']}"):
            found += [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(found)


async def review_id(ingest: Ingest, external_id: str) -> str:
    [review] = await ingest.items("/v1/reviews", external_id=external_id)
    return str(review["id"])


async def events(ingest: Ingest) -> list[dict[str, Any]]:
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    return [json.loads(row["envelope"]) for row in rows]


async def test_a_review_that_is_erased_is_nowhere_and_its_neighbours_stay(ingest: Ingest, source: Source, erase: Erase):
    await ingest.post(source, [by_ada("r-1"), created("r-2", 5, text="stays")], "d-1")
    await ingest.post(source, {"type": "review.edited", "data": {"id": "r-1", "text": f"still {WORDS}"}}, "d-2")
    await ingest.post(source, {"type": "review.edited", "data": {"id": "r-1", "rating": WORDS}}, "d-3")
    erased = await review_id(ingest, "r-1")
    assert WORDS in await everything(ingest)
    receipt = await erase(review_id=erased)
    assert WORDS not in await everything(ingest)
    assert receipt["counts"]["reviews"] == 1
    assert receipt["counts"]["deliveries"] == 3
    assert (await ingest.get(f"/v1/reviews/{erased}")).status_code == 404
    assert [each["external_id"] for each in await ingest.items("/v1/reviews")] == ["r-2"]


async def test_who_follows_the_changes_is_told_of_an_erased_review_by_its_ids_alone(
    ingest: Ingest, source: Source, erase: Erase
):
    await ingest.post(source, [by_ada("r-1"), created("r-2", 5)])
    erased = await review_id(ingest, "r-1")
    first = (await ingest.get("/v1/reviews", sort="changed")).json()
    await erase(review_id=erased)
    for found in (
        await ingest.get("/v1/reviews", sort="changed", cursor=first["next"]),
        await ingest.get("/v1/reviews", sort="changed", limit=1, cursor=first["next"]),
    ):
        [told] = found.json()["items"]
        assert told["id"] == erased
        assert WORDS not in found.text
    narrowed = await ingest.items("/v1/reviews", sort="changed", rating_gte=1)
    assert [each["external_id"] for each in narrowed] == ["r-2"]


async def test_the_bus_is_told_once_with_what_was_public_as_figures_alone(ingest: Ingest, source: Source, erase: Erase):
    await ingest.post(source, by_ada("r-1"))
    await ingest.post(source, by_ada("r-2"))
    await ingest.post(source, {"type": "review.removed", "data": {"id": "r-2"}})
    public = await review_id(ingest, "r-1")
    [removed] = await ingest.items("/v1/reviews", removed=True)
    for each in (public, removed["id"], public):
        await erase(review_id=each)
    told = [each for each in await events(ingest) if each["type"] == "review.erased"]
    assert [each["data"]["review_id"] for each in told] == [public, removed["id"]]
    before = told[0]["data"]["before"]
    assert (before["rating"], before["external_id"], before.keys() & {"text", "title", "person"}) == (
        2,
        "erased",
        set(),
    )
    assert told[1]["data"]["before"] is None
    assert all(each["data"]["after"] is None for each in told)
    assert all(each["data"]["revision"] > 1 for each in told)


async def test_what_the_company_wrote_about_an_erased_review_is_nowhere(ingest: Ingest, source: Source, erase: Erase):
    for number in range(2):
        await ingest.post(source, created(f"r-{number}", 1, text="Hm"))
        path = f"/v1/reviews/{await review_id(ingest, f'r-{number}')}"
        headers = {"authorization": f"Bearer {await ingest.key()}"}
        words = WORDS if number else "stays"
        for method, name, body in (
            ("POST", "answer", {"text": f"First {words}.", "via": "elsewhere"}),
            ("POST", "answer", {"text": f"Then {words}.", "via": "by_hand"}),
            ("PUT", "resolution", {"disposition": "unclear", "outcome": words, "note": words}),
            ("POST", "report", {"reason": "spam", "evidence": words}),
        ):
            answered = await ingest.client.request(method, f"{path}/{name}", json=body, headers=headers)
            assert answered.status_code < 300, answered.text
    assert WORDS in await everything(ingest)
    receipt = await erase(review_id=await review_id(ingest, "r-1"))
    left = await everything(ingest)
    assert WORDS not in left
    assert "First stays." in left
    counts = receipt["counts"]
    assert (counts["answers"], counts["resolutions"], counts["platform_reports"]) == (2, 1, 1)
    for each in ("answer", "resolution"):
        assert (await ingest.get(f"{path}/{each}")).status_code == 404
    assert (await ingest.client.post(f"{path}/answer", json={"text": "Hm"}, headers=headers)).status_code == 404


async def test_nothing_of_an_erased_review_comes_back(ingest: Ingest, source: Source, erase: Erase):
    await ingest.post(source, by_ada("r-1"), "d-1")
    await erase(review_id=await review_id(ingest, "r-1"))
    for sent_id, event in (
        ("d-1", by_ada("r-1")),
        ("d-2", by_ada("r-1")),
        ("d-3", {"type": "review.edited", "data": {"id": "r-1", "rating": 1, "text": WORDS}}),
        ("d-4", {"type": "review.restored", "data": {"id": "r-1"}}),
        ("d-5", [by_ada("r-1"), created("r-9", 4, text="stays")]),
        ("d-5", [by_ada("r-1"), created("r-9", 4, text="stays")]),
        ("d-5", [by_ada("r-1"), created("r-9", 4, text=f"another {WORDS}")]),
    ):
        answer = await ingest.post(source, event, sent_id)
        assert answer.status_code == 202, answer.text
    assert WORDS not in await everything(ingest)
    assert [each["external_id"] for each in await ingest.items("/v1/reviews")] == ["r-9"]
    assert sum(each["type"] == "review.erased" for each in await events(ingest)) == 1


async def test_a_person_who_is_erased_is_nowhere(ingest: Ingest, source: Source, erase: Erase):
    other = await ingest.source(subject="acme/berlin")
    for number in range(5):
        await ingest.post(source if number % 2 else other, [by_ada(f"r-{number}"), created(f"s-{number}")])
    await ingest.post(source, b'{"type": "review.created", "data": {"author": {"email": "%b"}}' % ADA.encode())
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    told = {"type": "purchased", "subject": "acme", "happened_at": "2026-03-01T12:00:00Z", "reference": WORDS}
    body = {"events": [{"id": "e-1", "email": ADA, **told}, {"id": "e-2", "email": "bob@example.com", **told}]}
    assert (await ingest.client.post("/v1/customers/events", json=body, headers=headers)).status_code == 200
    stored = await everything(ingest)
    assert WORDS in stored
    assert ADA in stored
    receipt = await erase(email=ADA)
    left = await everything(ingest)
    assert ADA not in left
    assert left.count(WORDS) == 1, "of the other customer"
    counts = receipt["counts"]
    assert (counts["reviews"], counts["contacts"], counts["customer_events"]) == (5, 1, 1)
    assert len(await ingest.items("/v1/reviews")) == 5
    [last] = [each for each in await events(ingest) if each["type"] == "customer.erased"]
    assert last["data"]["person"] == receipt["person"]
    assert (await ingest.get(f"/v1/contacts/{receipt['person']}")).status_code == 404


async def test_what_an_erased_person_did_before_does_not_come_in_and_what_follows_does(
    ingest: Ingest, source: Source, erase: Erase
):
    await erase(email=ADA)
    await ingest.post(source, by_ada("old-1"), "d-1")
    await ingest.post(source, {"type": "review.edited", "data": {"id": "old-1", "rating": 1, "text": WORDS}}, "d-2")
    assert WORDS not in await everything(ingest)
    assert await ingest.items("/v1/reviews") == []
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    told = {"type": "purchased", "subject": "acme", "email": ADA}
    body = {
        "events": [
            {"id": "e-1", "happened_at": "2026-03-01T12:00:00Z", **told},
            {"id": "e-2", "happened_at": LATER, **told},
        ]
    }
    verdicts = (await ingest.client.post("/v1/customers/events", json=body, headers=headers)).json()["verdicts"]
    assert [each["verdict"] for each in verdicts] == ["rejected", "accepted"]
    late = {"email": ADA, "consent": "granted", "consent_at": "2026-03-01T12:00:00Z"}
    assert (await ingest.client.put("/v1/contacts", json=late, headers=headers)).status_code == 409
    await ingest.post(source, {**by_ada("new-1"), "data": {**by_ada("new-1")["data"], "published_at": LATER}}, "d-3")
    assert [each["external_id"] for each in await ingest.items("/v1/reviews")] == ["new-1"]


REJECT = """
INSERT INTO ingest.import_rejects (tenant_id, import_id, line, external_id, reason, cells)
SELECT 'default', id, $1, $2::text, 'rating: must be a number', jsonb_build_array($2::text, $3::text)
FROM ingest.imports
"""
AN_IMPORT = """
INSERT INTO ingest.imports (tenant_id, id, source_id, stage, wanted, dry_run, backfill, requested_by, requested_at,
    size_bytes, rows_read, skipped, position, accepted, unchanged, rejected, reject_bytes, finished_at)
VALUES ('default', gen_random_uuid(), $1, 'done', '{}', false, false, 'key', now(), 1, 3, 0, 3, 0, 0, 3, 100, now())
"""


async def test_what_a_clock_ahead_of_ours_dates_after_the_erasure_is_erased_if_it_was_known(
    ingest: Ingest, source: Source, erase: Erase
):
    ahead = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    await ingest.post(source, by_ada("r-1", published_at=ahead))
    event = {"id": "e-1", "type": "purchased", "email": ADA, "subject": "acme", "happened_at": ahead}
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    told = await ingest.client.post("/v1/customers/events", json={"events": [event]}, headers=headers)
    assert told.status_code < 300, told.text
    receipt = await erase(email=ADA)
    assert (receipt["counts"]["reviews"], receipt["counts"]["customer_events"]) == (1, 1)
    assert WORDS not in await everything(ingest)


async def test_a_clock_that_is_put_back_after_the_request_leaves_nothing(ingest_url: str):
    async with running_ingest(ingest_url, test_clock=True) as ingest:
        source = await ingest.source()
        await ingest.post(source, by_ada("review-1"))
        repeated = await ingest.post(source, by_ada("review-1"), "sent-again")
        assert repeated.json()["unchanged"] == 1
        job = job_of(ingest)
        await move_clock(ingest, hours=1)
        headers = {"authorization": f"Bearer {await ingest.key()}"}
        wanted = {"review_id": await review_id(ingest, "review-1")}
        assert (await ingest.client.post("/v1/erasures", json=wanted, headers=headers)).status_code == 202
        await move_clock(ingest, hours=0)
        assert await job.turn() == 1
        await move_clock(ingest, hours=2)
        while await job.has_work():
            await job.turn()
        assert WORDS not in await everything(ingest)


async def test_rows_of_files_that_were_not_taken_are_erased_too(ingest: Ingest, source: Source, erase: Erase):
    await ingest.post(source, by_ada("r-1"))
    await ingest.rows(AN_IMPORT, UUID(source.id))
    for line, external_id, cell in ((1, "r-1", WORDS), (2, "r-2", f"{WORDS} {ADA.upper()}"), (3, "r-3", "stays")):
        await ingest.rows(REJECT, line, external_id, cell)
    await erase(email=ADA)
    assert [row["line"] for row in await ingest.rows("SELECT line FROM ingest.import_rejects")] == [3]


async def test_an_erasure_ends_at_the_tenant(ingest: Ingest, source: Source, erase: Erase):
    theirs = await ingest.source("other")
    await ingest.post(source, by_ada("r-1"))
    await ingest.post(theirs, by_ada("r-1"))
    [review] = await ingest.items("/v1/reviews", "other")
    await erase(review_id=review["id"])
    assert len(await ingest.items("/v1/reviews")) == len(await ingest.items("/v1/reviews", "other")) == 1
    await erase(email=ADA)
    assert (await ingest.items("/v1/reviews"), len(await ingest.items("/v1/reviews", "other"))) == ([], 1)


async def test_every_table_is_in_the_list_of_what_an_erasure_does(ingest: Ingest):
    tables = await ingest.rows(
        "SELECT relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace "
        "WHERE nspname = 'ingest' AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    assert {row["relname"] for row in tables} == STORES.keys() | RUNTIME_STORES.keys()


async def test_deliveries_are_deleted_after_the_retention_and_reviews_stay(ingest: Ingest, source: Source):
    for number in range(3):
        await ingest.post(source, created(f"r-{number}"))
    await ingest.rows(
        "UPDATE ingest.deliveries SET received_at = now() - interval '31 days' "
        "WHERE id = (SELECT id FROM ingest.deliveries ORDER BY id LIMIT 1)"
    )
    job = DeliveryRetentionJob(ingest.resources.database(Role.WORKER), 30)
    assert [await job.turn(), await job.turn()] == [1, 0]
    counts = await ingest.counts()
    assert (counts["deliveries"], counts["reviews"]) == (2, 3)


async def test_an_erasure_whose_address_cannot_be_opened_keeps_no_other_waiting_and_goes_on_once_it_can(
    ingest: Ingest, source: Source, erase: Erase
):
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    asked = (await ingest.client.post("/v1/erasures", json={"email": ADA}, headers=headers)).json()
    [row] = await ingest.rows("SELECT address FROM ingest.erasures")
    sealed = "UPDATE ingest.erasures SET address = $1 WHERE id = $2"
    place = Place("default", "erasures", asked["id"], "address")
    await ingest.superuser.execute(sealed, lost(ADA, place), UUID(asked["id"]))
    resources = ingest.resources
    vault = vault_of(resources.settings)
    job = ErasureJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault, settling_seconds=0)
    await ingest.post(source, created("r-1"))
    second = {"review_id": await review_id(ingest, "r-1")}
    other = (await ingest.client.post("/v1/erasures", json=second, headers=headers)).json()
    while await job.turn():
        pass
    assert (await ingest.get(f"/v1/erasures/{other['id']}")).json()["stage"] == "done"
    assert (await ingest.get(f"/v1/erasures/{asked['id']}")).json()["stage"] == "deliveries"
    await ingest.superuser.execute(sealed, row["address"], UUID(asked["id"]))
    await erase(person="native:somebody-else")
    assert (await ingest.get(f"/v1/erasures/{asked['id']}")).json()["stage"] == "done"


@pytest.mark.parametrize("step", ["-1 hour", "0 s", "1 hour"])
async def test_erasures_wait_as_long_whatever_the_time_is_set_to_meanwhile(ingest: Ingest, step: str):
    clock = [100.0]
    resources = ingest.resources
    worker, vault = resources.database(Role.WORKER), vault_of(resources.settings)
    job = ErasureJob(worker, resources.outbox, resources.ids, vault, monotonic=lambda: clock[0])

    async def stages() -> set[str]:
        while await job.turn():
            pass
        return {each["stage"] for each in await ingest.items("/v1/erasures")}

    headers = {"authorization": f"Bearer {await ingest.key()}"}
    for number in range(3):
        wanted = {"email": f"ada{number}@example.com"}
        assert (await ingest.client.post("/v1/erasures", json=wanted, headers=headers)).status_code == 202
    await ingest.rows("UPDATE ingest.erasures SET requested_at = requested_at + $1::text::interval", step)
    assert await stages() == {"reviews"}
    clock[0] += SETTLING_SECONDS - 1
    assert await stages() == {"reviews"}
    clock[0] += 1
    assert await stages() == {"done"}, "those that were asked for together have waited together"
