"""The header Idempotency-Key: read in one way, and refused in one way."""

from types import SimpleNamespace

import pytest
from fastapi import APIRouter

from plaudit.common.http import IdempotencyKeyHeader, create_app
from plaudit_testing.serving import serving

router = APIRouter()


@router.post("/things")
async def make(key: IdempotencyKeyHeader) -> dict[str, str | None]:
    return {"key": key}


@pytest.mark.parametrize("key", ["k", "!~", "k" * 255])
async def test_a_key_of_printable_characters_is_taken_as_it_is(no_database: SimpleNamespace, key: str) -> None:
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router])
    async with serving(app) as client:
        assert (await client.post("/things", headers={"idempotency-key": key})).json() == {"key": key}
        assert (await client.post("/things")).json() == {"key": None}


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "é".encode()])
async def test_any_other_key_is_a_problem(no_database: SimpleNamespace, key: str | bytes) -> None:
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router])
    async with serving(app) as client:
        answer = await client.post("/things", headers=[(b"idempotency-key", key)])
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("#invalid-idempotency-key")
