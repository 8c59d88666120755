"""What became of reviews is said as people say it."""

import pytest

from plaudit.scoring.explanation.domain.window import Stars
from plaudit.scoring.explanation.domain.wording import became, in_words
from plaudit.scoring.history.domain import Happened


@pytest.mark.parametrize(
    ("stars", "changes", "words"),
    [
        (Stars(Happened.NEW, None, 5), 4, "4 new 5-star reviews"),
        (Stars(Happened.NEW, None, 1), 1, "1 new 1-star review"),
        (Stars(Happened.LATE, None, 3), 1200, "1,200 older 3-star reviews that came late"),
        (Stars(Happened.REMOVED, 2, None), 1, "1 2-star review removed"),
        (Stars(Happened.RESTORED, None, 2), 2, "2 2-star reviews restored"),
        (Stars(Happened.MOVED_IN, None, 4), 1, "1 4-star review moved here"),
        (Stars(Happened.MOVED_OUT, 4, None), 1, "1 4-star review moved elsewhere"),
        (Stars(Happened.EDITED, 1, 4), 1, "1 review raised from 1 ★ to 4 ★"),
        (Stars(Happened.EDITED, 5, 2), 3, "3 reviews lowered from 5 ★ to 2 ★"),
        (Stars(Happened.EDITED, 5, 5), 2, "2 5-star reviews edited"),
        (Stars(Happened.EDITED, 5, None), 1, "1 5-star review that counts no more"),
        (Stars(Happened.EDITED, None, 5), 2, "2 5-star reviews that count since an edit"),
    ],
)
def test_a_part_is_named_by_number_stars_and_what_happened(stars: Stars, changes: int, words: str) -> None:
    assert in_words(stars, changes) == words


@pytest.mark.parametrize(
    ("happened", "before", "after", "words"),
    [
        ([Happened.NEW], None, 5, "new: 5 ★"),
        ([Happened.NEW, Happened.EDITED], None, 4, "new, then edited: 4 ★"),
        ([Happened.EDITED], 1, 4, "edited: 1 ★ → 4 ★"),
        ([Happened.EDITED], 4, 4, "edited: 4 ★"),
        ([Happened.MOVED_OUT], 5, None, "moved out: 5 ★ before"),
        ([Happened.NEW, Happened.REMOVED], None, None, "new, then removed"),
    ],
)
def test_a_review_is_named_by_all_that_became_of_it(
    happened: list[Happened], before: int | None, after: int | None, words: str
) -> None:
    assert became(happened, before, after) == words
