"""The table of people."""

from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, Text, Uuid

_TIME = DateTime(timezone=True)

people = Table(
    "people",
    MetaData(schema="common"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("valid_from", _TIME, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("last_signed_in_at", _TIME),
)
