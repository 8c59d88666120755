import pytest

from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.db import Role


@pytest.fixture
async def all_owned(stage):
    """An owner of every subject of these tests."""
    document = (
        "people: [{address: ada@acme.example, name: Ada}]\n"
        "assignments: [{subject: acme, owner: ada@acme.example}, "
        "{subject: northlight-bikes, owner: ada@acme.example}]\n"
    )
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", document, Format.YAML, "test")


@pytest.fixture
def seen(stage):
    """Reviews that alerting reads of, each published when its record says."""
    count = 0

    async def read(*states, tenant="default"):
        nonlocal count
        records = []
        for state in states:
            count += 1
            records.append(stage.record(None, state, state.received_at, f"review-{count}", tenant))
        async with stage.worker.transaction() as tx:
            await keep_reviews(tx, records)

    return read
