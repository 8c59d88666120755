"""What answers are judged by, in each language: words of apology, of offers, of blame, and those that say nothing.

The lists are ours. The kinds of blame are those that crisis communication calls attack on the accuser, denial, excuse
and scapegoat (W. T. Coombs, Protecting Organization Reputations During a Crisis, Corporate Reputation Review 10(3),
2007, table 1); `docs/answers.md` says how often each phrase is found in real answers, and how often rightly.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from plaudit.alerting.answers.domain.phrases import compiled
from plaudit.alerting.answers.domain.wording import de, en, es, fr, it, nl

LANGUAGES: Final = ("de", "en", "es", "fr", "it", "nl")
"""Those with lists of their own."""
_MODULES: Final = MappingProxyType({"de": de, "en": en, "es": es, "fr": fr, "it": it, "nl": nl})


class Wording(NamedTuple):
    """What is looked for in answers of one language."""

    apologies: re.Pattern[str]
    offers: re.Pattern[str]
    """Of contact, or of what happens next."""
    blame: Mapping[str, re.Pattern[str]]
    """Kind → phrases."""


@lru_cache(maxsize=len(LANGUAGES))
def wording(language: str) -> Wording:
    """Return what is looked for in a language.

    Raises:
        KeyError: it has no lists.
    """
    words = _MODULES[language]
    return Wording(
        apologies=compiled(words.APOLOGIES),
        offers=compiled(words.OFFERS),
        blame=MappingProxyType({kind: compiled(phrases) for kind, phrases in words.BLAME.items()}),
    )


def language_of(tag: str | None) -> str | None:
    """Return the language of a tag such as `de-AT` that has lists, None where it has none."""
    code = (tag or "").replace("_", "-").partition("-")[0].lower()
    return code if code in LANGUAGES else None


def common_words(language: str | None) -> frozenset[str]:
    """Return the words of grammar and of any answer: they say nothing about a review. Of all languages, if unknown."""
    modules = _MODULES.values() if language not in LANGUAGES else (_MODULES[language],)
    return frozenset(word for each in modules for word in each.COMMON.split())


GREETINGS: Final = ";".join(each.GREETINGS for each in _MODULES.values()) + ";halo;hai;olá;ola;prezado/prezada"
SIGN_OFFS: Final = (
    ";".join(each.SIGN_OFFS for each in _MODULES.values()) + ";salam <1>;atenciosamente;obrigado/obrigada"
)
"""Of all languages: where a body begins and ends is the same in each."""
