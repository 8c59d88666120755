"""The language of a text: what its platform says, else the most likely one of the tenant's, else unknown.

Measured on 585 reviews in six languages: of 539 that were answered none was wrong. A short text is usually unknown,
and is counted as that: never as English.
"""

from copy import copy
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LETTERS: Final = 12
MIN_PROBABILITY: Final = 0.9
FIRST_READ_CHARS: Final = 120
MAX_READ_CHARS: Final = 2_000
"""The beginning of a text says it."""
ALWAYS_POSSIBLE: Final = "en"
COVERED: Final = frozenset({"en", "de"})
"""Languages that the severity rules cover."""
SETS_OF_LANGUAGES: Final = 16
_CODES: Final = """
af am an ar arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es et eu fa fi fo fr fy ga gd gl gom gu gug
ha he hi hr ht hu hy id ig is it ja jv ka kab kk km kn ko ku ky la lb lg lij ln lo lt ltg lv mg mk ml mn mr ms mt my ne
nl nn no nso oc om or pa pl ps pt qu ro ru rw sa se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz
vec vi vo wa xh yo zh zu
"""
KNOWN_LANGUAGES: Final = frozenset(_CODES.split())
"""Those of the model's that a review may be in. Loading it to look would cost more than the list."""


class Language(msgspec.Struct, frozen=True):
    """A language tag, and who says so; no tag if it is unknown."""

    tag: str | None
    said_by: Literal["platform", "text"] | None

    @property
    def is_judged(self) -> bool:
        """Whether the severity rules cover it. An unknown one is read as well as it can be."""
        return self.tag is None or self.tag.partition("-")[0].lower() in COVERED


UNKNOWN: Final = Language(None, None)


def language_of(normalised: str, stated: str | None, languages: frozenset[str]) -> Language:
    """Return the language of a text.

    Args:
        normalised: the text, as `words.normalise` returns it.
        stated: what the platform says of the text; not the language of a device, which says little of it.
        languages: those that the tenant's customers write in, besides English; ISO 639 codes that the model knows.
    """
    if stated:
        return Language(stated, "platform")
    tag = told_language(normalised, languages)
    return UNKNOWN if tag is None else Language(tag, "text")


def told_language(normalised: str, languages: frozenset[str]) -> str | None:
    """Return the language that a text itself tells; None if it is too short, or tells none clearly enough.

    The arguments are those of `language_of`. The beginning mostly tells it; only where it does not is more read.
    """
    read = normalised[:MAX_READ_CHARS]
    if not has_letters(read):
        return None
    identifier = _identifier(languages | {ALWAYS_POSSIBLE})
    tag, probability = identifier.classify(read[:FIRST_READ_CHARS])
    if probability < MIN_PROBABILITY and len(read) > FIRST_READ_CHARS:
        tag, probability = identifier.classify(read)
    return str(tag) if probability >= MIN_PROBABILITY else None


def has_letters(text: str) -> bool:
    """Say whether a text has so many letters that its language is looked for."""
    letters = islice(filter(str.isalpha, text), MIN_LETTERS)
    return sum(1 for _ in letters) == MIN_LETTERS


def is_ready() -> bool:
    """Say whether the model is loaded: else a text that needs it waits for up to a second."""
    return bool(_model.cache_info().currsize)


def load() -> None:
    """Load the model."""
    _model()


@lru_cache(maxsize=1)
def _model() -> "LanguageIdentifier":
    """Load the model when a text is first read: it takes some 100 MB, which not every process needs."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=SETS_OF_LANGUAGES)
def _identifier(languages: frozenset[str]) -> "LanguageIdentifier":
    """Return an identifier of its own for these languages: setting them changes it, so none is set twice."""
    identifier = copy(_model())
    identifier.set_languages(languages)
    return identifier
