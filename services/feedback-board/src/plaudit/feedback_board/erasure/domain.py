"""What an erasure does to each store of the board."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from plaudit.common.delivery.domain.stores import DELIVERY_STORES

STORES: Final[Mapping[str, str]] = {
    "requests": "author emptied, words too where they are not public; votes and reach are counted anew",
    "activity": "person keys, names and words of comments emptied, those of the person",
    "recounts": "holds nothing about customers",
    "reviews": "title, excerpt, rating and person emptied; says which it was, and that it is not published",
    "merges": "holds nothing about customers",
    "words_to_index": "holds nothing about customers",
    "request_words": "words of requests, indexed anew when a title or a text changes",
    "title_stems": "words of requests, indexed anew when a title changes",
    "stem_counts": "numbers of titles; holds nothing about customers",
    "submissions": "says neither who sent a form nor what it said",
    "rejected_duplicates": "holds nothing about customers",
    "links": "stay, without a person; an erased review counts no more",
    "votes": "deleted, those of the person",
    "personas": "holds nothing about customers",
    "persona_people": "deleted, which persona the person had",
    "reach_views": "holds nothing about customers",
    "sizings": "holds nothing about customers",
    "priority_history": "holds numbers of people and no names; a number of the past stays",
    "day_rolls": "holds numbers of people and no names",
    "changelog_entries": "holds no customer's name; of those who asked only how many",
    "changelog_requests": "holds nothing about customers",
    "imported_requests": "holds keyed digests of what rows said, and numbers; no name, address or text",
    "embeds": "holds nothing about customers",
    "request_counts": "holds nothing about customers",
    "comments": "author and text emptied, those of the person",
    "responses": "hold words of staff alone",
    "held_posts": "deleted, those of the person",
    "standings": "deleted, that of the person",
    "recent_words": "deleted, those of the person",
    "hold_rules": "holds nothing about customers",
    "moderation_log": "person keys emptied, those of the person",
    "visitors": "deleted, with the name that the person gave",
    "visitor_sessions": "deleted, those of the person: signed out everywhere",
    "visitor_links": "deleted, those of the person, with the sealed address and the words; none lives for a day",
    "used_tokens": "holds hashes of random ids; deleted when the tokens are too old",
    "sign_in_secrets": "holds nothing about customers",
    "deletions": "the person taken off; says that it is done, and when",
    "announcements": "holds a person's key only while people are being told; emptied then",
    "followers": "deleted, those of the person",
    "board_contacts": "deleted, that of the person",
    **DELIVERY_STORES,
}
"""Table → what an erasure does to it. A test compares it with the tables that there are."""


class ErasedPerson(msgspec.Struct, frozen=True, gc=False):
    """What the board reads of `customer.erased`."""

    person: str
    erased_at: datetime
