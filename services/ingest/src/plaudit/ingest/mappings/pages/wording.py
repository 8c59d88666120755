"""The words of the pages of custom sources: labels, hints and choices."""

from collections.abc import Mapping, Sequence
from typing import Final

from plaudit.ingest.mappings.domain.guess import Guess
from plaudit.ingest.platforms.mapping import FIELDS, REQUIRED
from plaudit.ingest.sources.pages.shared import LABELS as SOURCE_LABELS

GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "What every review needs": REQUIRED,
    "What it says": ("title", "text", "language", "url", "verified"),
    "What happened": ("event", "removed", "version", "edited_at"),
    "Its scale": ("kind", "scale_min", "scale_max"),
    "Its writer": ("author_id", "author_email"),
    "Your answer": ("answer", "answered_at"),
    "What it can be found by": ("product", "location", "reference", "tags"),
}
LABELS: Final[Mapping[str, str]] = {
    "id": "Id of the review",
    "rating": "Rating",
    "published_at": "When it was published",
    "event": "What happened",
    "edited_at": "When it was edited",
    "version": "Version",
    "removed": "Whether it is not public",
    "title": "Title",
    "text": "Text",
    "language": "Language",
    "url": "Where it can be read",
    "verified": "Whether the purchase is certain",
    "kind": "What sort of rating",
    "scale_min": "Worst rating",
    "scale_max": "Best rating",
    "author_id": "Id of the writer",
    "author_email": "Address of the writer",
    "answer": "Text of the answer",
    "answered_at": "When it was answered",
    "product": "Product",
    "location": "Location",
    "reference": "Order or reference",
    "tags": "Labels",
}
"""Field → its label."""
OTHERS: Final[Mapping[str, str]] = {"events": "The events", "proof": "Proof", "time_zone": "Time zone"}
"""What else a guess can find unclear → its label."""
FORM_LABELS: Final[Mapping[str, str]] = {
    **SOURCE_LABELS,
    "payload": "The body",
    "events": "The events of a body",
    **{f"fields.{name}": label for name, label in LABELS.items()},
    **{f"words.{name}": f"Words of “{label}”" for name, label in LABELS.items()},
    "proof.kind": "What the sender sends",
    "proof.header": "Header",
    "proof.prefix": "Before the signature",
    "proof.digest": "Hash",
    "proof.encoding": "Written in",
    "proof.timestamp_header": "Header of the time",
    "proof.timestamp_form": "The time is in",
    "proof.separator": "Between time and body",
    "proof.id_header": "Header of the id",
}
"""The path of each member of the form → its label."""
HINTS: Final[Mapping[str, str]] = {
    "event": "created, edited, removed, restored or answered, or words for these. Without, each is a whole review.",
    "version": "A whole number that rises with each change of the review.",
    "kind": "Stars, if nothing is said. A constant is written 'nps'.",
    "scale_min": "A constant is a number in backticks: `0`",
    "scale_max": "1 to 5, if neither end is said.",
    "author_email": "It is kept as a keyed hash only.",
}
WORD_HINTS: Final[Mapping[str, str]] = {
    "event": "review.new = created",
    "rating": "FIVE = 5",
    "kind": "promoter_score = nps",
    "verified": "buyer = yes",
    "removed": "hidden = yes",
}
PROOFS: Final[Mapping[str, str]] = {
    "": "choose one",
    "path-token": "nothing: a secret end of the address",
    "secret-header": "a secret in a header",
    "hmac": "a signature (HMAC) in a header",
    "standard-webhooks": "Standard Webhooks",
    "standard-webhooks-v1a": "Standard Webhooks with Ed25519",
}
DIGESTS: Final = {"sha256": "SHA-256", "sha512": "SHA-512"}
ENCODINGS: Final = {"hex": "hexadecimal", "base64": "Base64"}
TIME_FORMS: Final = {"seconds": "Unix seconds", "either": "Unix seconds or milliseconds", "iso": "ISO 8601"}
HAPPENED: Final[Mapping[str, tuple[str, str]]] = {
    "created": ("a review", "good"),
    "edited": ("a change", "good"),
    "removed": ("taken down", "good"),
    "restored": ("back again", "good"),
    "answered": ("an answer", "good"),
    "ignored": ("not for us", "quiet"),
    "quarantined": ("cannot be read", "bad"),
}
"""What becomes of an event → words, and their look."""
DEFAULTS: Final[Mapping[str, str]] = {
    "proof.digest": "sha256",
    "proof.encoding": "hex",
    "proof.timestamp_form": "seconds",
    "proof.separator": ".",
}
RULES: Final[Mapping[str, str]] = {
    "missing": "Say where it stands.",
    "string_too_long": "It is too long.",
    "string_pattern_mismatch": "It has characters that it cannot have.",
    "literal_error": "Choose one of these.",
}
"""What is wrong with a text, by its kind → how the page says it."""


def unclear(found: Guess | None) -> list[tuple[str, str, Sequence[str]]]:
    """Return what a payload does not tell, in the words of the form: label, reason, and what may be meant."""
    return [
        (
            LABELS.get(each.field) or OTHERS[each.field],
            each.reason.replace("say under `words`", "say below"),
            each.candidates,
        )
        for each in (found.unclear if found else ())
    ]


def hints(found: Guess | None) -> dict[str, str]:
    """Return what is said below each field: what it is, or why it was guessed."""
    guessed = {each.field: f"Guessed ({each.confidence}): {each.reason}." for each in found.fields} if found else {}
    return {**dict.fromkeys(FIELDS, ""), **HINTS, **guessed}
