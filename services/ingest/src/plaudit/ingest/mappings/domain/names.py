"""What fields are called in the payloads of platforms, and what their values look like."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.ingest.platforms.fields import MAX_ID_CHARS, InvalidLanguageError, checked_language

_WORD: Final = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|[0-9]+")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,15})?")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_LOCAL_DATE: Final = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2[0-9]{4}(?:[ ,T].*)?", re.DOTALL)
"""A date as people write it, with its year at the end: what is a day in it and what a month, it does not say."""
_MONTHS: Final = 12
_EPOCH: Final = range(10**9, 10**14)
"""Unix seconds from 2001 on, or milliseconds."""


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name such as `createdAt` or `created_at`, in lower case."""
    return tuple(word.casefold() for word in _WORD.findall(name))


def is_id(value: object) -> bool:
    """Whether it can be an id."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and 0 < len(value.strip()) <= MAX_ID_CHARS)


def is_number(value: object) -> bool:
    """Whether it is a number, or a text that is one."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_time(value: object) -> bool:
    """Whether it is a time in a form that is read."""
    if isinstance(value, str):
        written = value.strip()
        return _TIME.fullmatch(written) is not None or (written.isdecimal() and int(written[:15]) in _EPOCH)
    return is_number(value) and isinstance(value, (int, float)) and int(value) in _EPOCH


def is_local_date(value: object) -> bool:
    """Whether it is a date with its year at the end, such as `28.11.2026 18:30` or `11/28/2026`."""
    return isinstance(value, str) and _LOCAL_DATE.fullmatch(value.strip()) is not None


def order_of(dates: Sequence[object]) -> str | None:
    """Return in which order these local dates must be written, by what can be no month; None where both are possible.

    Where they contradict each other, neither order fits: that is None too.
    """
    parts = [found for each in dates if (found := _LOCAL_DATE.fullmatch(str(each).strip()))]
    is_day_first = any(int(found[1]) > _MONTHS for found in parts)
    is_month_first = any(int(found[3]) > _MONTHS for found in parts)
    if is_day_first is is_month_first:
        return None
    return "day, month, year" if is_day_first else "month, day, year"


def is_text(value: object) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def is_language(value: object) -> bool:
    """Whether it is a language tag."""
    try:
        return isinstance(value, str) and checked_language(value.replace("_", "-")) is not None
    except InvalidLanguageError:
        return False


def is_link(value: object) -> bool:
    """Whether it is a link."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def is_address(value: object) -> bool:
    """Whether it looks like an e-mail address."""
    return isinstance(value, str) and "@" in value


def is_flag(value: object) -> bool:
    """Whether it is a yes or a no without further words."""
    return isinstance(value, bool) or (isinstance(value, str) and value.casefold() in {"true", "false", "yes", "no"})


def is_whole(value: object) -> bool:
    """Whether it is a whole number that can be a version."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdecimal())


@dataclass(frozen=True)
class Named:
    """What a field is called, the best names first, and what its values are."""

    names: Sequence[str]
    fits: Callable[[object], bool]
    are: str
    """Its values, in a word."""
    within: Sequence[str] = ()
    """It counts only in an object of one of these names, or under a name that says as much itself."""


PERSONS: Final = ("customer", "consumer", "reviewer", "author", "user", "buyer", "guest")
ANSWERS: Final = ("reply", "replies", "response", "responses", "answer", "companyreply", "ownerresponse")
OTHERS: Final = (*PERSONS, *ANSWERS, *("product", "order", "shop", "store", "merchant", "location", "survey", "nps"))
"""Objects whose ids, texts and times are not the review's."""
KNOWN: Final = {
    "id": Named(
        ("reviewid", "reviewuuid", "feedbackid", "bewertungsid", "bewertungid", "id", "uuid", "externalid"),
        is_id,
        "ids",
    ),
    "rating": Named(
        (
            *("rating", "starrating", "stars", "ratingvalue", "reviewrating", "score", "overallrating", "grade", "nps"),
            *("sterne", "anzahlsterne", "bewertung", "gesamtbewertung", "punkte"),
        ),
        is_number,
        "numbers",
    ),
    "published_at": Named(
        (
            *("publishedat", "publisheddate", "publisherdate", "submittedat", "submissiontime", "reviewdate"),
            *("createdat", "datecreated", "created", "createddate", "createdtimestamp", "timecreated", "date"),
            *("timestamp", "veröffentlichtam", "bewertetam", "erstelltam", "bewertungsdatum", "datum"),
        ),
        is_time,
        "times",
    ),
    "edited_at": Named(
        ("editedat", "updatedat", "modifiedat", "dateupdated", "modified", "updated", "geändertam"), is_time, "times"
    ),
    "title": Named(("title", "reviewtitle", "headline", "heading", "titel", "überschrift"), is_text, "texts"),
    "text": Named(
        (
            *("reviewtext", "reviewbody", "text", "body", "content", "review", "comment", "comments", "message"),
            *("feedback", "bewertungstext", "kommentar", "bewertung"),
        ),
        is_text,
        "texts",
    ),
    "language": Named(
        ("language", "languagecode", "locale", "lang", "contentlocale", "sprache"), is_language, "languages"
    ),
    "url": Named(("reviewurl", "url", "link", "permalink"), is_link, "links"),
    "author_email": Named(
        ("email", "customeremail", "authoremail", "revieweremail", "useremail"), is_address, "addresses"
    ),
    "author_id": Named(
        ("customerid", "consumerid", "reviewerid", "authorid", "userid", "id"), is_id, "ids", within=PERSONS
    ),
    "verified": Named(("verified", "isverified", "verifiedbuyer", "isverifiedbuyer"), is_flag, "yes or no"),
    "removed": Named(("deleted", "removed", "hidden", "archived", "isdeleted", "ishidden"), is_flag, "yes or no"),
    "answer": Named(("reply", "response", "text", "comment", "body", "message"), is_text, "texts", within=ANSWERS),
    "answered_at": Named(
        ("replydate", "createdat", "publishedat", "date", "created", "time"), is_time, "times", within=ANSWERS
    ),
    "product": Named(("productid", "productexternalid", "productsku", "sku"), is_id, "ids"),
    "location": Named(("locationid", "storeid", "branchid", "businessunitid"), is_id, "ids"),
    "reference": Named(("orderid", "ordernumber", "orderref", "referenceid", "reference"), is_id, "ids"),
}
"""The name of a field → what platforms call it."""
STATUS: Final = ("status", "state", "moderationstatus", "published", "curated", "quarantine")
"""What may say that a review is not public; what its words mean is not guessed."""
VERSION: Final = ("version", "revision", "sequencenumber")
EVENT: Final = ("event", "eventtype", "eventname", "type", "topic", "action")
HAPPENED: Final = {
    "created": "created", "create": "created", "new": "created", "submitted": "created",
    "updated": "edited", "update": "edited", "edited": "edited", "changed": "edited",
    "deleted": "removed", "delete": "removed", "removed": "removed", "unpublished": "removed",
    "restored": "restored", "answered": "answered", "replied": "answered", "responded": "answered",
}  # fmt: skip
"""A word in the name of an event → what happened."""
