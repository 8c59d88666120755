"""Sources: make one, and post to its hook with the secret that comes back."""

import secrets
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import Role
from plaudit.common.http.auth import Principal, authorize
from plaudit.common.http.paging import Page, decode_cursor
from plaudit.common.http.paging import page as page_of
from plaudit.common.http.problems import not_found, unprocessable
from plaudit.common.standard_webhooks import new_secret
from plaudit.ingest.adapters import ADAPTERS
from plaudit.ingest.api.context import DEFAULT_PAGE, Context, Cursor, Limit
from plaudit.ingest.store import sources as sources_store

PATH_TOKEN_BYTES = 32

router = APIRouter(tags=["sources"])
Reader = Annotated[Principal, Depends(authorize("sources:read"))]
Writer = Annotated[Principal, Depends(authorize("sources:write"))]


class SourceIn(BaseModel):
    """A source to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    platform: str = Field(description="`native` for the format documented here, or a platform that has an adapter.")
    subject: str = Field(description="What its reviews are about: a path such as `acme/berlin`.")


class SourceOut(BaseModel):
    """A source."""

    id: UUID
    name: str
    platform: str
    subject: str
    created_at: datetime
    hook: str = Field(description="Where to post, below this service's address.")


class SourceWithSecret(SourceOut):
    """A source with what it signs by."""

    secret: str = Field(description="Of Standard Webhooks: signs every delivery. Empty where the platform signs none.")


@router.post("/v1/sources", status_code=201, summary="Make a source")
async def create_source(made: SourceIn, who: Writer, context: Context) -> SourceWithSecret:
    """Make a source. Its secret signs deliveries at once; a platform that signs none gets a secret address."""
    adapter = ADAPTERS.get(made.platform)
    if adapter is None:
        raise unprocessable("unknown-platform", f"No adapter for {made.platform!r}; there are {', '.join(ADAPTERS)}.")
    if not is_subject(made.subject):
        raise unprocessable("invalid-subject", f"{SUBJECT_RULE[0].upper()}{SUBJECT_RULE[1:]}.")
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        source = sources_store.Source(
            tenant_id=who.tenant_id,
            id=context.ids(),
            name=made.name,
            platform=made.platform,
            subject=made.subject,
            secret=new_secret(),
            path_token=None if adapter.proof == "standard_webhooks" else secrets.token_urlsafe(PATH_TOKEN_BYTES),
            created_at=tx.now,
            person_key=b"",
        )
        await sources_store.add(tx, source)
    return _with_secret(source)


@router.get("/v1/sources", summary="List sources")
async def list_sources(
    who: Reader, context: Context, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> Page[SourceOut]:
    """List sources, oldest first, without their secrets."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await sources_store.page(tx, who.tenant_id, after, limit + 1)
    return Page[SourceOut].model_validate(
        page_of([_out(row) for row in rows], limit, lambda out: (out.created_at, out.id))
    )


@router.get("/v1/sources/{source_id}", summary="Read a source")
async def read_source(source_id: UUID, who: Reader, context: Context) -> SourceOut:
    """Read a source, without its secret."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        row = await sources_store.get(tx, who.tenant_id, source_id)
    if row is None:
        raise not_found("source")
    return _out(row)


@router.get("/v1/sources/{source_id}/secret", summary="Reveal a source's secret")
async def reveal_secret(source_id: UUID, who: Writer, context: Context) -> SourceWithSecret:
    """Read a source with its secret, and with the secret address where the platform signs nothing."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        row = await sources_store.get(tx, who.tenant_id, source_id)
    if row is None:
        raise not_found("source")
    return _with_secret(row)


def _hook(row: Any) -> str:
    return f"/v1/hooks/{row.id}"


def _out(row: Any) -> SourceOut:
    return SourceOut(
        id=row.id,
        name=row.name,
        platform=row.platform,
        subject=row.subject,
        created_at=row.created_at,
        hook=_hook(row),
    )


def _with_secret(row: Any) -> SourceWithSecret:
    signed = row.path_token is None
    fields = _out(row).model_dump() | {"hook": _hook(row) if signed else f"{_hook(row)}/{row.path_token}"}
    return SourceWithSecret(**fields, secret=row.secret if signed else "")
