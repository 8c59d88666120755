"""What scrubs scoring's own stores when a review was erased."""

from plaudit.common.db import Tx
from plaudit.common.erasure import Erased, Kind
from plaudit.scoring.insight import commands as insight


async def scrub(tx: Tx, erased: Erased) -> int:
    """Empty what insight keeps of the review, whether or not its consumer has; nothing is left after it.

    The other consumers subtract the figures, and no other table holds a word or a person.
    """
    if erased.kind is Kind.REVIEW and erased.wanted is not None:
        await insight.empty(tx, erased.tenant_id, erased.wanted)
    return 0
