"""Phrases that are looked for in answers: a small language, compiled to one pattern without backtracking traps.

Words stand with spaces between. `a/b` is either, `stem*` any word that begins so, `word?` may be missing, and `<3>` is
up to three words of any kind. No phrase crosses the end of a sentence. An umlaut or an accent is found with and without
it, and an apostrophe in any of its forms or missing.
"""

import re
from collections.abc import Iterator
from typing import Final

MAX_GAP_WORDS: Final = 5
_BETWEEN: Final = r"[^\w.!?;:\n]{1,3}"
"""Between two words of a phrase."""
_ANY_WORD: Final = r"\w[\w'-]{0,30}"
_GAP: Final = re.compile(r"<([1-9])>")
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2019\u2018`\u00b4\u02bc", "'"))
_WRITTEN: Final = {
    "ä": "(?:ä|ae)",
    "ö": "(?:ö|oe)",
    "ü": "(?:ü|ue)",
    "ß": "(?:ß|ss)",
    "'": "'?",
    **{each: f"[{each}a]" for each in "àâá"},
    **{each: f"[{each}e]" for each in "èéêë"},
    **{each: f"[{each}i]" for each in "ìíîï"},
    **{each: f"[{each}o]" for each in "òóô"},
    **{each: f"[{each}u]" for each in "ùúû"},
    "ç": "[çc]",
    "ñ": "[ñn]",
}
"""Letter → how it may be written."""


class WrongPhraseError(ValueError):
    """A phrase that cannot be looked for; the text says why."""


def level(text: str) -> str:
    """Return a text as phrases are looked for in it, each character in its place: offsets are those of the text."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters become two
        lowered = "".join(small if len(small := each.lower()) == 1 else each for each in text)
    return lowered.translate(_APOSTROPHES)


def pattern_of(phrases: str) -> str:
    """Return the pattern of phrases with semicolons between, to be looked for in a levelled text.

    Raises:
        WrongPhraseError: a phrase begins with what may be missing, or a gap is too long.
    """
    alternatives = "|".join(_phrase(each.split()) for each in phrases.split(";") if each.strip())
    return rf"(?<!\w)(?:{alternatives})(?!\w)"


def compiled(phrases: str) -> re.Pattern[str]:
    """Return what finds phrases, as `pattern_of`."""
    return re.compile(pattern_of(phrases))


def spans(pattern: re.Pattern[str], levelled: str) -> Iterator[tuple[int, int]]:
    """Return where phrases stand in a levelled text: start and end, in code points."""
    return (found.span() for found in pattern.finditer(levelled))


def _phrase(words: list[str]) -> str:
    if not words or words[0].endswith("?") or _GAP.fullmatch(words[0]):
        raise WrongPhraseError(f"The phrase {' '.join(words)!r} does not begin with a word.")
    parts = [_word(words[0])]
    for word in words[1:]:
        gap = _GAP.fullmatch(word)
        if gap is not None:
            if int(gap[1]) > MAX_GAP_WORDS:
                raise WrongPhraseError(f"In {' '.join(words)!r} a gap has more than {MAX_GAP_WORDS} words.")
            parts.append(f"(?:{_BETWEEN}{_ANY_WORD}){{0,{gap[1]}}}?")
        elif word.endswith("?"):
            parts.append(f"(?:{_BETWEEN}{_word(word[:-1])})?")
        else:
            parts.append(f"{_BETWEEN}{_word(word)}")
    return "".join(parts)


def _word(written: str) -> str:
    return f"(?:{'|'.join(map(_alternative, written.split('/')))})"


def _alternative(written: str) -> str:
    stem, is_stem = (written[:-1], True) if written.endswith("*") else (written, False)
    letters = "".join(_WRITTEN.get(each, re.escape(each)) for each in stem)
    return f"{letters}\\w*" if is_stem else letters
