"""The one statement of the test console: its transaction can write nothing."""

from plaudit.common.db import Tx


async def write_nothing(tx: Tx) -> None:
    """Let the database refuse whatever would be written in a transaction."""
    await tx.raw.execute("SET TRANSACTION READ ONLY")
