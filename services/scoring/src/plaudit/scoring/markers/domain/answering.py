"""How the reviews of a window were answered, as a share that can be compared with that of another window.

Reviews are looked at as they stood at the end of their window. So those of both windows had as much time to be
answered, and those of the later one do not seem to be answered less.
"""

from collections.abc import Sequence

from plaudit.scoring.answers.domain.figures import SourceReviews
from plaudit.scoring.answers.domain.waiting import answered_by, together
from plaudit.scoring.markers.domain.effect import Figure, Observed
from plaudit.scoring.profiles.domain import DAY_US


def observed(figure: Figure, reviews: Sequence[SourceReviews]) -> Observed:
    """Return a share of the reviews of one window, by source; those of sources that tell no answers do not count.

    Args:
        figure: one of `OF_ANSWERS`.
        reviews: as they stood at the end of the window, each source once.
    """
    told = [each for each in reviews if each.is_told]
    if figure is Figure.RECOVERY:
        return _plain(sum(each.raised for each in told), sum(each.answered_negatives for each in told))
    waits = together(each.waits for each in told)
    n = len(waits.answered) + len(waits.waiting)
    if figure is Figure.ANSWERED:
        return _plain(len(waits.answered), n)
    return Observed(n, *answered_by(waits, DAY_US))


def _plain(part: int, n: int) -> Observed:
    return Observed(n, part / n if n else 0.0, float(n))
