"""What of an answer is compared: its body, without what differs from customer to customer.

Greeting, sign-off, addresses, numbers and names are taken out, so that a text that is used again is found whoever it is
sent to. Source of the idea and its figures: the project's study of answers, section 6.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from plaudit.alerting.answers.domain.phrases import level, pattern_of
from plaudit.alerting.answers.domain.wording import GREETINGS, SIGN_OFFS

MAX_GREETING_CHARS: Final = 80
MAX_SIGN_OFF_CHARS: Final = 140
MAX_NAME_WORDS: Final = 6
"""Of a customer's name that are masked."""
MIN_NAME_CHARS: Final = 2
_TITLE: Final = r"(?:mr|mrs|ms|dr|prof|mme|sr|sra|sig|hr|fr)\."
_GREETING: Final = re.compile(
    rf"\s*{pattern_of(GREETINGS)}"
    rf"(?:(?:[ \t]+|(?<=[^\w\s])){_TITLE}|[^\w.,!?:;\n\u2013\u2014-]{{1,3}}[\w'.-]{{1,30}}?(?![\w'])){{0,5}}"
    r"[ \t]*(?:[.,!?:;–—-]+|\n)"
)
"""A greeting, and up to five words of whom it greets, up to the next sign."""
_BARE_GREETING: Final = re.compile(rf"\s*{pattern_of(GREETINGS)}")
_SIGN_OFF: Final = re.compile(rf"(?:(?<=[\n.!?,)])|\A)[ \t]*(?:{pattern_of(SIGN_OFFS)})")
_INITIALS: Final = re.compile(r"\s*(?:\^[\w^]{1,8}(?:[ \t]\w{1,12})?|[-–—~][ \t]?\w{2,20}(?:[ \t]\w{1,20})?)\s*\Z")
"""How people sign on platforms: `^pw`, `– Anna`."""
_LAST_LINE: Final = re.compile(r"\n[ \t]*(?:[^\W\d_][\w.'-]*[ \t,|]{0,3}){1,4}[ \t]*\Z")
_CAPITAL_LINE: Final = re.compile(r"\s*[A-ZÀ-ÞА-Я]")
_SENTENCE_ENDS: Final = re.compile(r"[.!?…:]\s*\Z|\n\s*\Z|\A\s*\Z")
_ADDRESS: Final = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\w+|(?<!\w)@\w+|(?<!\w)#\w+|\b[\w-]+\.(?:com|org|net|de|eu|io)\b\S*"
)
_NUMBER: Final = re.compile(r"(?<!\w)\+?[\w-]*\d[\w.,:/()-]*")
"""A number, and what has a digit in it: order numbers, times, dates, prices, models."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_AFTER_TITLE: Final = re.compile(r"(?i)\b(?:mr|mrs|ms|dr|herrn?|frau|mme|madame|monsieur|señora?)\b\.?\s+[^\W\d_]+")
_CAPITALS_TELL_NAMES: Final = frozenset({"en", "es", "fr", "it", "nl", "pt", "id"})
"""Languages that write only names with a capital inside a sentence. German writes all nouns so."""


class Parts(NamedTuple):
    """Where an answer's parts stand, in code points: the body begins where the greeting ends."""

    body_start: int
    body_end: int

    def body(self, text: str) -> str:
        """Return the body of the text whose parts these are."""
        return text[self.body_start : self.body_end]


def parts_of(text: str) -> Parts:
    """Return where the body of an answer begins and ends: behind the greeting, and before the sign-off."""
    start = _end_of_greeting(text)
    return Parts(start, max(start, _start_of_sign_off(text)))


def masked(text: str, *, language: str | None = None, names: Iterable[str] = ()) -> str:
    """Return the body of an answer as it is compared, in small letters.

    Args:
        text: the answer.
        language: its code; it says whether capitals tell names.
        names: words that name the customer, the product or the subject.
    """
    return masked_part(parts_of(text).body(text), language=language, names=names)


def masked_part(text: str, *, language: str | None = None, names: Iterable[str] = ()) -> str:
    """Return a part of a body as it is compared; the arguments are those of `masked`."""
    body = level_apostrophes(text)
    plain = _AFTER_TITLE.sub(" ", _NUMBER.sub(" ", _ADDRESS.sub(" ", body)))
    own = {word for name in names for word in words_of_name(name)}
    return " ".join(level(_without_names(plain, own, tells_names=language in _CAPITALS_TELL_NAMES)).split())


def words_of_name(name: str) -> list[str]:
    """Return the words of a name as they are compared: of a person, a product or a subject's path."""
    words = [level(each) for each in _WORD.findall(name)]
    return [each for each in words if len(each) >= MIN_NAME_CHARS][:MAX_NAME_WORDS]


def level_apostrophes(text: str) -> str:
    """Return a text with one form of apostrophe, each character in its place."""
    return text.replace("\u2019", "'").replace("\u2018", "'").replace("`", "'")


def _end_of_greeting(text: str) -> int:
    head = level(text[:MAX_GREETING_CHARS])
    found = _GREETING.match(head) or _BARE_GREETING.match(head)
    return found.end() if found else 0


def _start_of_sign_off(text: str) -> int:
    end = len(text.rstrip())
    initials = _INITIALS.search(text, max(0, end - MAX_SIGN_OFF_CHARS))
    end = initials.start() if initials else end
    first = max(0, end - MAX_SIGN_OFF_CHARS)
    tail = level(text[first:end])
    found = next((each for each in _SIGN_OFF.finditer(tail) if _is_last(tail, each.end())), None)
    if found is not None:
        return first + found.start()
    for _ in range(2):  # a name, and what stands below it
        line = _LAST_LINE.search(text[:end])
        if line is None or not _CAPITAL_LINE.match(line[0]):
            break
        end = line.start()
    return end


def _is_last(tail: str, end: int) -> bool:
    """Say whether no further sentence follows: names and a team may."""
    rest = tail[end:].strip(" \t\n,.!-–")
    return len(rest.split()) <= 8 and not re.search(r"[.!?]\s", rest)


def _without_names(text: str, own: set[str], *, tells_names: bool) -> str:
    kept, last = [], 0
    for word in _WORD.finditer(text):
        kept.append(text[last : word.start()])
        last = word.end()
        is_name = level(word[0].removesuffix("'s")) in own or (
            tells_names
            and _is_capitalised(word[0])
            and not _SENTENCE_ENDS.search(text[max(0, word.start() - 8) : word.start()])
        )
        kept.append("" if is_name else word[0])
    return "".join([*kept, text[last:]])


def _is_capitalised(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and not word.isupper() and "'" not in word
