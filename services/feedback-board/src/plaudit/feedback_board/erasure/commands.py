"""What scrubs the board's own stores when a review or a person was erased."""

from typing import Final
from uuid import UUID

from plaudit.common.db import Tx, lock
from plaudit.common.erasure import Erased, Kind
from plaudit.common.erasure.commands import Scrub
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.feedback_board.comments import commands as comments
from plaudit.feedback_board.holds import commands as holds
from plaudit.feedback_board.links.commands import erase_reviews, review_key
from plaudit.feedback_board.moderation import store as moderation
from plaudit.feedback_board.notifications.commands import following
from plaudit.feedback_board.personas import commands as personas
from plaudit.feedback_board.requests.commands import erase_author, erase_person
from plaudit.feedback_board.visitors import store as visitors
from plaudit.feedback_board.votes import commands as votes

VOTES_PER_TURN: Final = 20
POSTS_PER_TURN: Final = 100
ENTRIES_PER_TURN: Final = 1_000


def scrubbing(outbox: Outbox, ids: IdSource) -> Scrub:
    """Return what scrubs the board's stores and publishes new figures."""

    async def scrub(tx: Tx, erased: Erased) -> int:
        """Scrub a bounded part; return how much was done."""
        if erased.kind is Kind.REVIEW:
            return await _scrub_review(tx, erased)
        return await _scrub_person(UnitOfWork(tx, outbox, ids), erased)

    return scrub


async def _scrub_review(tx: Tx, erased: Erased) -> int:
    """Empty a review, whether or not the consumer has; nothing is left after it."""
    try:
        review_id = UUID(erased.name)
    except ValueError:  # of a record that was set aside for it: the board keeps no such review
        return 0
    await lock(tx, [review_key(erased.tenant_id, review_id)])
    await erase_reviews(tx, [(erased.tenant_id, review_id, erased.erased_at)])
    return 0


async def _scrub_person(work: UnitOfWork, erased: Erased) -> int:
    """Delete some votes; when none are left empty posts, then what is known of the person, then the log.

    Address, mails and sessions go last, and the receipt says then that it is done.
    """
    assert erased.wanted is not None, "it is kept until all stores are scrubbed"
    person = erased.tenant_id, erased.wanted, erased.erased_at
    done = (
        await votes.erase(work, *person, VOTES_PER_TURN)
        or await personas.erase(work.tx, *person)
        or await erase_author(work.tx, *person, POSTS_PER_TURN)
        or await comments.erase(work, *person, POSTS_PER_TURN)
        or await holds.erase_person(work.tx, *person, ENTRIES_PER_TURN)
        or await moderation.erase_person(work.tx, *person, ENTRIES_PER_TURN)
        or await erase_person(work.tx, *person, ENTRIES_PER_TURN)
    )
    if not done:
        await following.erase(work.tx, *person)
        await visitors.erase_person(work.tx, *person)
    return done
