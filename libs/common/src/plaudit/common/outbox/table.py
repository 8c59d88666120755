"""The columns of the outbox that whoever publishes an event writes; the database fills the others.

`(xid, id)` of a row is its place in commit order: the number of the writing transaction and the order of the rows.
"""

from typing import Final

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

from plaudit.common.db.columns import Columns

APPENDED: Final = Columns(
    Table(
        "outbox",
        MetaData(),
        Column("topic", Text),
        Column("partition", Integer),
        Column("key", LargeBinary),
        Column("envelope", LargeBinary),
    )
)


def append_statement(first: int = 1, *, rows_from: str = "") -> str:
    """Return the statement that appends what `Outbox.arrays` returns, as its parameters from number `first` on.

    A statement that writes other tables too may hold it, as one of its WITH queries or as its last part. There,
    `rows_from` may be `FROM` and a relation of at most one row: without one nothing is appended.
    """
    return f"INSERT INTO outbox ({APPENDED.listed}) SELECT {APPENDED.unnested(first)} {rows_from}"
