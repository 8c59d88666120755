"""What scrubs alerting's own stores when a review was erased."""

from collections.abc import Sequence

from plaudit.alerting.alerts.domain import review_thread
from plaudit.alerting.alerts.domain.told_events import events_thread
from plaudit.alerting.alerts.domain.uncaught import order_key as uncaught_key
from plaudit.alerting.alerts.store import alerts
from plaudit.alerting.answers import commands as answers
from plaudit.alerting.audit import store as audit
from plaudit.alerting.audit.domain import About
from plaudit.alerting.cadences.commands import persons
from plaudit.alerting.cadences.commands import rules as cadences
from plaudit.alerting.cadences.store import digests
from plaudit.alerting.clocks import store as clocks
from plaudit.alerting.clocks.commands import Follower, end_erased
from plaudit.alerting.clocks.domain.clock import contacts_key, order_key, review_root, thread_of
from plaudit.alerting.contacts import store as contacts
from plaudit.alerting.incidents.store import subscribers
from plaudit.alerting.reviews import store as reviews
from plaudit.common.db import Tx, lock
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.consent.commands import order_key as consent_key
from plaudit.common.erasure import Erased, Kind
from plaudit.common.erasure.commands import Scrub
from plaudit.common.outbox import Outbox


def scrubbing(followers: Sequence[Follower], outbox: Outbox) -> Scrub:
    """Return what scrubs alerting's stores; the followers act on clocks that end, and the outbox takes their events."""

    async def scrub(tx: Tx, erased: Erased) -> int:
        """Empty the clocks about a review, whether or not the consumer has, and delete contacts with a person."""
        if erased.kind is Kind.REVIEW:
            await _scrub_review(tx, erased)
        elif erased.wanted is not None:
            await _scrub_person(tx, erased, erased.wanted)
        return 0

    async def _scrub_review(tx: Tx, erased: Erased) -> None:
        keys = [order_key(review_root(erased.tenant_id, erased.name)), uncaught_key(erased.tenant_id, erased.name)]
        await lock(tx, keys)
        review = erased.tenant_id, erased.name
        await outbox.append(tx, await end_erased(tx, [review], erased.erased_at, followers))
        known = await clocks.load_about(tx, [review])
        for clock in known:
            await _erase_messages(tx, erased.tenant_id, thread_of(clock.id))
        await _erase_messages(tx, erased.tenant_id, review_thread(erased.name))
        await audit.empty(tx, erased.tenant_id, About.CLOCK, [str(clock.id) for clock in known])
        about = await alerts.about_review(tx, erased.tenant_id, erased.name)
        await audit.empty(tx, erased.tenant_id, About.ALERT, [str(alert_id) for alert_id in about])
        await alerts.keep_words(tx, dict.fromkeys(((erased.tenant_id, alert_id) for alert_id in about), (None, None)))
        await reviews.delete(tx, erased.tenant_id, [erased.name])
        await digests.drop_reviews(tx, [review])
        await answers.delete(tx, [review])

    return scrub


async def _erase_messages(tx: Tx, tenant_id: str, thread: str) -> None:
    await deliveries.erase_thread(tx, tenant_id, thread)
    await deliveries.erase_thread(tx, tenant_id, events_thread(thread))


async def _scrub_person(tx: Tx, erased: Erased, person: str) -> None:
    keys = [
        contacts_key(erased.tenant_id, person),
        cadences.order_key(erased.tenant_id, person),
        consent_key(erased.tenant_id, person),
    ]
    await lock(tx, keys)
    await contacts.delete(tx, erased.tenant_id, person, erased.erased_at)
    await reviews.drop_person(tx, erased.tenant_id, person)
    await persons.scrub(tx, (erased.tenant_id, person), erased.erased_at)
    await subscribers.erase(tx, erased.tenant_id, person)
    await deliveries.erase_person(tx, erased.tenant_id, person)
