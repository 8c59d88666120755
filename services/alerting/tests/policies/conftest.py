import pytest

from plaudit.alerting.reviews.consumer import keep_reviews


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
