"""The table of API keys."""

from sqlalchemy import ARRAY, Column, DateTime, LargeBinary, MetaData, Table, Text

_TIME = DateTime(timezone=True)

api_keys = Table(
    "api_keys",
    MetaData(schema="common"),
    Column("public_id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("expires_at", _TIME),
    Column("revoked_at", _TIME),
    Column("last_used_at", _TIME),
    Column("rotated_at", _TIME),
    Column("previous_secret_hash", LargeBinary),
    Column("previous_expires_at", _TIME),
    Column("created_by", Text),
)
