"""What scrubs alerting's own stores when a review was erased."""

from collections.abc import Sequence

from plaudit.alerting.answers import commands as answers
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
        """Empty the clock of a review, whether or not the consumer has; nothing is left after it."""
        if erased.kind is not Kind.REVIEW:
            return 0
        clock = clock_id(erased.tenant_id, erased.name, FIRST_ANSWER)
        await lock(tx, [order_key(clock)])
        await outbox.append(tx, await end_erased(tx, [(erased.tenant_id, clock)], erased.erased_at, followers))
        await answers.forget(tx, [(erased.tenant_id, erased.name)])
        await mails.empty_errors(tx, erased.tenant_id, clock)
        return 0

    return scrub
