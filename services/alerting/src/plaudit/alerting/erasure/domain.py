"""What an erasure does to each store of alerting."""

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    "policies": "holds nothing about customers",
    "clocks": "title, excerpt, address and id on the platform emptied; one that runs ends as cancelled",
    "clock_events": "holds times and reasons, and no word of a review",
    "timers": "deleted with the end of the run",
    "alerts": "holds stars and subject, and no word of a review; resolved with the end of the run",
    "cadence_revisions": "holds nothing about customers",
    "cadence_persons": "deleted with the person",
    "occurrences": "deleted with the person",
    "touchpoints": "deleted with the person, and with them what was noted of a contact",
    "digests": "holds figures, our own ids of reviews, and titles of public requests",
    "digest_scores": "holds nothing about customers",
    "digest_requests": "holds titles of public requests",
    "digest_reviews": "holds stars, topics and times, and no word of a review; deleted with it",
    "mails": "holds no text: a mail is composed when it is sent, and not sent once its run has ended; errors deleted",
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""
