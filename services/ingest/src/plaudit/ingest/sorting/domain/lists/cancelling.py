"""Words beside a phrase that cancel it or weaken it, folded."""

from typing import Final


def _set(written: str) -> frozenset[str]:
    return frozenset(written.split())


NEGATORS: Final = _set(
    """
    not isnt wasnt arent aint werent no never nothing neither nor without hardly dont doesnt didnt havent hasnt
    nicht nie ohne weder kein keine keinen keiner keines keinem
    """
)
NEGATION_FILLERS: Final = _set(
    """
    a an the any some of this that it be been being have had need needed want wanted to is was are really actually
    necessarily at all involve think thinking say saying call calling feel felt feeling like seem
    ein eine einen einer eines der die das den wirklich um mit zu zum
    """
)
NO_NEGATION_BEFORE: Final = _set("only just doubt question wonder nur bloss allein")
"""A negator before one of these negates nothing: "not only a scam"."""

CONCEDERS: Final = _set(
    """
    thought worried afraid fear skeptical wary wondered whether against protect protected protects protection prevent
    dachte befuerchtet gegen schutz vor
    """
)
CONCESSION_FILLERS: Final = _set(
    """
    it this was is be might from about of a the that they were you get being getting us me them
    dass es das sei waere an eine den
    """
)

TOPIC_WORDS: Final = _set("protection prevention alert alerts department detection insurance schutz versicherung")
"""After a word of fraud they make a subject of it: "fraud protection"."""

HEDGES: Final = _set(
    """
    stands feel feels felt feeling seem seems seemed borderline almost bordering kinda potentially appears fast
    beinahe schon grenzt wirkt
    """
)
