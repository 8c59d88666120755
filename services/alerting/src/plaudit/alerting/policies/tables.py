"""The tables of policies: their revisions, and which were put into force."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, MetaData, Table, Text

policy_revisions = Table(
    "policy_revisions",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("policy_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("compiled", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("saved_by", Text, nullable=False),
)

policy_activations = Table(
    "policy_activations",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("policy_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("activated_at", DateTime(timezone=True), nullable=False),
    Column("activated_by", Text, nullable=False),
)
