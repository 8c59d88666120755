"""What scrubs alerting's own stores when a review was erased."""

from collections.abc import Sequence

from plaudit.alerting.cadences.commands import persons
from plaudit.alerting.cadences.commands import rules as cadences
from plaudit.alerting.cadences.store import digests
from plaudit.alerting.clocks.commands import Follower, end_erased
from plaudit.alerting.clocks.domain.clock import clock_id, order_key
from plaudit.alerting.mails import store as mails
from plaudit.alerting.policies.domain import FIRST_ANSWER
from plaudit.common.db import Tx, lock
from plaudit.common.erasure import Erased, Kind
from plaudit.common.erasure.commands import Scrub
from plaudit.common.outbox import Outbox


def scrubbing(followers: Sequence[Follower], outbox: Outbox) -> Scrub:
    """Return what scrubs alerting's stores; the followers act on clocks that end, and the outbox takes their events."""

    async def scrub(tx: Tx, erased: Erased) -> int:
        """Empty the clock of a review, or delete a person, whether or not the consumer has; nothing is left of it."""
        if erased.kind is Kind.PERSON:
            if erased.wanted is not None:
                await lock(tx, [cadences.order_key(erased.tenant_id, erased.wanted)])
                await persons.scrub(tx, (erased.tenant_id, erased.wanted), erased.erased_at)
            return 0
        clock = clock_id(erased.tenant_id, erased.name, FIRST_ANSWER)
        await lock(tx, [order_key(clock)])
        await outbox.append(tx, await end_erased(tx, [(erased.tenant_id, clock)], erased.erased_at, followers))
        await digests.drop_reviews(tx, [(erased.tenant_id, erased.name)])
        await mails.empty_errors(tx, erased.tenant_id, clock)
        return 0

    return scrub
