"""The table `unscored_subjects`: every prefix of a subject that had a review of a kind that no profile counts."""

from sqlalchemy import Column, MetaData, Table, Text

unscored_subjects = Table(
    "unscored_subjects",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
)
