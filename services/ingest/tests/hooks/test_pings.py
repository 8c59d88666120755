"""What a platform posts without a proof when a webhook is connected."""

from uuid import uuid4

import pytest

from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_the_first_post_of_woocommerce_is_a_200_and_nothing_is_kept(ingest: Ingest):
    source = await ingest.source(platform="woocommerce")
    answer = await ingest.send(source.hook, b"webhook_id=17", FORM)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert await ingest.items("/v1/deliveries") == []
    assert await ingest.items(f"/v1/sources/{source.id}/failed-attempts") == []


async def test_a_ping_tells_nothing_of_whether_there_is_a_source(ingest: Ingest):
    assert (await ingest.send(f"/v1/hooks/{uuid4()}", b"webhook_id=17", FORM)).status_code == 200


@pytest.mark.parametrize("body", [b"webhook_id=17&x=1", b"webhook_id=", b"webhook_id=1" + b"0" * 60, b"x=webhook_id=1"])
async def test_what_only_looks_like_a_ping_must_be_proven(ingest: Ingest, body: bytes):
    source = await ingest.source(platform="woocommerce")
    assert (await ingest.send(source.hook, body, FORM)).status_code == 401
