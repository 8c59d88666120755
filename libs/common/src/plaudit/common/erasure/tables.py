"""The table of what was erased, one in each service's schema."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text

erased = Table(
    "erased",
    MetaData(),
    Column("tenant_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("wanted", Text),
    Column("erased_at", DateTime(timezone=True), nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    Column("stage", Text, nullable=False),
    Column("place", Text, nullable=False),
)
