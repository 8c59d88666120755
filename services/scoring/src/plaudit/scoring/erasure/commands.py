"""What scrubs scoring's own stores when a review was erased."""

from plaudit.common.db import Tx
from plaudit.common.erasure import Erased, Kind
from plaudit.scoring.history import store as history
from plaudit.scoring.insight import commands as insight
from plaudit.scoring.moves import store as moves


async def scrub(tx: Tx, erased: Erased) -> int:
    """Empty what insight keeps of the review, and forget its topics, whether or not consumers have; nothing is left.

    The other consumers subtract the figures, and no other table holds a word or a person.
    """
    if erased.kind is Kind.REVIEW and erased.wanted is not None:
        await insight.empty(tx, erased.tenant_id, erased.wanted)
        await history.clear_topics(tx, erased.tenant_id, erased.wanted)
        await moves.note_review_days(tx, erased.tenant_id, erased.wanted)
    return 0
