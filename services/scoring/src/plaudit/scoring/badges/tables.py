"""The table `badges`: the subjects whose scores everybody may see."""

from sqlalchemy import Column, MetaData, Table, Text

badges = Table(
    "badges",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("allowed_by", Text, nullable=False),
)
