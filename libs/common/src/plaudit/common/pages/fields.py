"""What is wrong with what people typed into a field of words, in a sentence that stands beside it."""

from plaudit.common.text import shows


def missing(text: str, most: int) -> str:
    """Return what is wrong with words that have to be given, of at most so many characters; empty if nothing."""
    return too_long(text, most) if shows(text) else "Write why, in a few words for your team."


def too_long(text: str, most: int) -> str:
    """Return that a text has more than so many characters; empty if it has not."""
    return f"It has at most {most:,} characters." if len(text) > most else ""
