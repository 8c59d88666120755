"""What an erasure does to each store of alerting."""

from collections.abc import Mapping
from typing import Final

from plaudit.common.delivery.domain.stores import DELIVERY_STORES

STORES: Final[Mapping[str, str]] = {
    "calendar_revisions": "holds nothing about customers",
    "calendar_zone_data": "holds nothing about customers",
    "policy_revisions": "holds nothing about customers",
    "policy_activations": "holds nothing about customers",
    "reviews": "the row of an erased review is deleted; the key of an erased person is emptied",
    "changes": "holds times alone; all of them after a day",
    "clocks": "title, excerpt, address, id on the platform and person key emptied; one that runs ends as cancelled",
    "clock_events": "holds times and reasons, and no word of a review; what people noted is deleted",
    "contacts": "those with an erased person are deleted; all of them after 90 days",
    "moves": "holds nothing about customers",
    "timers": "deleted with the end of the run",
    "alerts": "title and excerpt of a review that has no clock emptied; resolved with the end of the run",
    "alert_steps": "holds who is told of an alert next; deleted with the end of the run",
    "silences": "holds what people of the staff wrote about a subject or an alert",
    "owner_revisions": "holds people of the staff, and nothing about customers",
    "audit": "who did what stays; what was said about an erased review's clocks and alerts is emptied",
    "guidelines": "holds nothing about customers",
    "published_answers": "deleted with the review: what is kept of an answer may name whom it answers",
    "cadence_revisions": "holds nothing about customers",
    "cadence_persons": "deleted with the person",
    "occurrences": "deleted with the person",
    "touchpoints": "deleted with the person, and with them what was noted of a contact",
    "digests": "holds figures, our own ids of reviews, and titles of public requests",
    "digest_scores": "holds nothing about customers",
    "digest_requests": "holds titles of public requests",
    "digest_reviews": "holds stars, topics and times, and no word of a review; deleted with it",
    "incidents": "holds nothing about customers",
    "incident_updates": "holds what the public was told, and nothing about a customer",
    "incident_log": "holds what staff did and noted, and nothing about a customer",
    "incident_links": "holds our own ids of reviews and alerts, and no word of them",
    "incident_subscribers": "deleted with the person",
    "incident_breaches": "holds counts of people and the hash of a list; no person of it is kept",
    **DELIVERY_STORES,
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
