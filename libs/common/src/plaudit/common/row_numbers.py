"""Numbers that rows have in the database, as cursors hold them: an invented one that no row can have is refused."""

from typing import Annotated, Final, TypeAlias

from msgspec import Meta

MAX_TRANSACTION: Final = 2**63 - 1
MAX_REVISION: Final = 2**31 - 1

TransactionNumber: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_TRANSACTION)]
"""Of the transaction that wrote a row."""
RevisionNumber: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_REVISION)]
"""Of a revision."""
