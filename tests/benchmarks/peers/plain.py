"""What people write: FastAPI, pydantic and SQLAlchemy's ORM, one transaction a request.

It verifies the signature, recognises a repeated delivery, and stores the delivery, the review and an event for others.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import JSON, ForeignKey, MetaData, UniqueConstraint, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.peers.signing_keys import signing_keys
from plaudit.common.db.database import sqlalchemy_url
from plaudit.common.standard_webhooks import InvalidSignatureError, verify
from plaudit.ingest.settings import IngestSettings

POOL_SIZE = 20


class Base(DeclarativeBase):
    """The tables."""

    metadata = MetaData(schema="plain")


class Delivery(Base):
    """One webhook."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("source_id", "sent_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source_id: Mapped[UUID]
    sent_id: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))
    body: Mapped[bytes]


class Review(Base):
    """One review."""

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("source_id", "external_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    source_id: Mapped[UUID]
    external_id: Mapped[str]
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey(Delivery.id))
    rating: Mapped[float]
    title: Mapped[str | None]
    text: Mapped[str | None]
    published_at: Mapped[datetime]


class Event(Base):
    """One event to publish."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class ReviewIn(BaseModel):
    """A review as it is posted."""

    id: str = Field(max_length=200)
    rating: float = Field(ge=1, le=5)
    published_at: datetime
    title: str | None = None
    text: str | None = None


class EventIn(BaseModel):
    """An event as it is posted."""

    type: str
    data: ReviewIn


engine = create_async_engine(
    sqlalchemy_url(os.environ.get("PLAUDIT_DATABASE_URL", "postgresql://")), pool_size=POOL_SIZE
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
keys: dict[UUID, bytes] = {}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the tables and read the sources' secrets."""
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS plain"))
        await connection.run_sync(Base.metadata.create_all)
    keys.update(await signing_keys(IngestSettings()))
    yield


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    """Open a session for a request."""
    async with sessions() as opened:
        yield opened


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    """Say that it serves."""
    return {"status": "ok"}


@app.post("/v1/hooks/{source_id}", status_code=202)
async def take(
    source_id: UUID,
    event: EventIn,
    request: Request,
    opened: Annotated[AsyncSession, Depends(session)],
    webhook_id: Annotated[str, Header()],
    webhook_timestamp: Annotated[str, Header()],
    webhook_signature: Annotated[str, Header()],
) -> dict[str, str]:
    """Store a delivery and its review."""
    body = await request.body()
    try:
        verify(
            webhook_id.encode(),
            webhook_timestamp.encode(),
            webhook_signature.encode(),
            body,
            (keys[source_id],),
            datetime.now(UTC).timestamp(),
        )
    except InvalidSignatureError as error:
        raise HTTPException(401) from error
    seen = await opened.scalar(select(Delivery).filter_by(source_id=source_id, sent_id=webhook_id))
    if seen is not None:
        return {"delivery_id": str(seen.id)}
    delivery = Delivery(id=uuid4(), source_id=source_id, sent_id=webhook_id, body=body)
    opened.add(delivery)
    posted = event.data
    review = await opened.scalar(select(Review).filter_by(source_id=source_id, external_id=posted.id))
    if review is None:
        review = Review(source_id=source_id, external_id=posted.id)
        opened.add(review)
    review.delivery_id = delivery.id
    review.rating, review.title, review.text = posted.rating, posted.title, posted.text
    review.published_at = posted.published_at.astimezone(UTC).replace(tzinfo=None)
    opened.add(Event(type=event.type, data=posted.model_dump(mode="json")))
    await opened.commit()
    return {"delivery_id": str(delivery.id)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PLAUDIT_HTTP_PORT"]), access_log=False, log_level="warning")
