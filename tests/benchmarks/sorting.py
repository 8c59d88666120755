"""Sorting reviews by their texts: processor time of one review, and of each part of it, in this process."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from benchmarks.options import Options
from benchmarks.report import Report
from benchmarks.reviews import SEED, text
from plaudit.ingest.sorting.domain.findings import find
from plaudit.ingest.sorting.domain.language import language_of
from plaudit.ingest.sorting.domain.rules import SHIPPED
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sorting.domain.sort import sort
from plaudit.ingest.sorting.domain.words import MAX_TEXT_CHARS, Words

REVIEWS: Final = 20_000
DRASTIC_EVERY: Final = 10
LONG_TEXTS: Final = 20
DRASTIC: Final = " They stole my deposit and I will sue them."
PLAIN: Final = "It was a blue bike and we had a lot of fun with it on our trip to the sea. "
HOSTILE: Final = "leak my take i we charge because i "
LANGUAGES: Final = frozenset({"de", "en"})


def run(report: Report, options: Options) -> None:
    """Measure ordinary reviews, then long texts that begin phrases and finish none."""
    draw = random.Random(SEED)
    count = options.scaled(REVIEWS)
    texts = [text(draw, 55) + (DRASTIC if number % DRASTIC_EVERY == 0 else "") for number in range(count)]
    report.heading("sorting: severity, topics and personas of a review's text")
    report.line("characters a review", f"{sum(map(len, texts)) / count:.0f}")
    found = [0]

    def sort_all() -> Iterator[None]:
        for each in texts:
            found[0] += sort(each, 1, SHIPPED, stated_language="en").severity is Severity.DRASTIC
            yield

    _line(report, "sort, with the place of everything", texts, sort_all)
    _line(report, "find, as a delivery does", texts, lambda: (_find(each) for each in texts))
    plain = [PLAIN * (len(each) // len(PLAIN)) for each in texts]
    _line(report, "find, where nothing is to be found", plain, lambda: (_find(each) for each in plain))
    _line(report, "of it, words and sentences", texts, lambda: map(Words, texts))
    _line(
        report, "language, where no platform says it", texts, lambda: (language_of(t, None, LANGUAGES) for t in texts)
    )
    report.check("drastic reviews", found[0], len(range(0, count, DRASTIC_EVERY)))
    long = [(HOSTILE * MAX_TEXT_CHARS)[:MAX_TEXT_CHARS]] * LONG_TEXTS
    report.heading(f"texts of {MAX_TEXT_CHARS:,} characters that begin phrases and finish none")
    _line(report, "sort", long, lambda: (sort(each, 1, SHIPPED, stated_language="en") for each in long))


def _find(text: str) -> object:
    return find(None, text, 1.0, SHIPPED, subject="acme", stated_language="en")


def _line(report: Report, name: str, texts: Sequence[str], work: Callable[[], Iterator[object]]) -> None:
    began_at = time.process_time()
    for _ in work():
        pass
    spent = time.process_time() - began_at
    of_characters = spent / sum(map(len, texts)) * 1e6
    report.line(name, f"{spent / len(texts) * 1e6:,.0f} µs each, {of_characters:.2f} µs a character")
