"""Whether a review asks what a page of content could answer: how something is done, where it is, what is possible.

The patterns are a judgement, and not measured. They would rather miss a question than take reproach for one: "How can
you be so slow?" asks nothing.
"""

import re
from typing import Final

from plaudit.scoring.insight.domain.terms import folded_words

MAX_QUESTIONS_READ: Final = 20
"""Of one text."""
_QUESTION: Final = re.compile(r"([^.!?\n…;]{3,300})\?")
_BEGIN: Final = r"^(?:(?:so|and|but|or|also|hi|hello|please|ok|und|aber|oder|also|hallo|bitte|nur) )*"
_ASKS: Final = re.compile(
    _BEGIN + r"(?:"
    r"how (?:do|can|could|should|would) (?:i|we|one|customers|users)|how (?:does (?:it|this|that|the)|to)"
    r"|how (?:long|much|many|often) (?:does|is|are|can|may)"
    r"|where (?:do|can|could|should) (?:i|we|one)|where (?:is|are) the"
    r"|what (?:do|can|should|must) (?:i|we)|what (?:does|happens|is included|are the)"
    r"|which \w+ (?:do|does|is|are|can|should)"
    r"|(?:can|could|may|must|should|do) (?:i|we|one) (?!trust|believe)"
    r"|is (?:it possible|there (?:a|an|any|no) way|there (?:a|an|any))|are there"
    r"|does (?:it|this|the \w+|anyone know|anybody know)|do you (?:offer|accept|support|ship|deliver|have)"
    r"|wie (?:kann|koennen|muss|soll|finde|bekomme|komme|aendere|kuendige|storniere) (?:ich|wir|man)"
    r"|wie (?:geht|funktioniert|laesst|macht man|lange (?:dauert|gilt)|viel kostet|hoch ist)"
    r"|wo (?:finde|kann|bekomme|muss|gibt|steht|ist|sehe)|was (?:kostet|muss ich|bedeutet|passiert|gehoert)"
    r"|welche[rsnm]? \w+ (?:ist|sind|kann|brauche|muss)"
    r"|(?:kann|koennen|darf|muss) (?:ich|wir|man|mir)|gibt es|ist es moeglich|geht das"
    r")\b"
)
_REPROACHES: Final = re.compile(
    r"\b(?:dare|how can (?:you|they|anyone|a company)|possible in this day|you serious|kidding"
    r"|hope|bug|(?:zero|no) stars?"
    r"|wie kann (?:man (?:nur|so)|das|es|so|sowas|ein)|kann (?:das|es) (?:wahr )?sein|muss das sein|geht s noch)\b"
)


def asks(written: str) -> bool:
    """Say whether a statement holds a question that content could answer."""
    if "?" not in written:
        return False
    found = (match[1] for _, match in zip(range(MAX_QUESTIONS_READ), _QUESTION.finditer(written), strict=False))
    # Many write "It was late, how do I get my money back?": what is asked begins behind a comma.
    parts = (part for words in found for part in {words, words.rpartition(",")[2]})
    return any(_is_asked(" ".join(folded_words(part))) for part in parts)


def _is_asked(folded: str) -> bool:
    return _ASKS.search(folded) is not None and _REPROACHES.search(folded) is None
