"""What the ledger's entries are to the sums of a half-life, and what keeps a partition waiting."""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.numerals import counted, noun_of
from plaudit.scoring.history.domain import Place
from plaudit.scoring.sums.domain.fold import Deltas, SubtractedWeights, add_share, half_life_share


class Standing(NamedTuple):
    """A state that reviews had, and how often it was added more than taken away."""

    partition: int
    subject: str
    source_id: str
    traits: int
    rating: float
    rated_us: int
    times: int


class Entry(NamedTuple):
    """One entry of the ledger, as a catching-up partition reads it."""

    epoch: int
    sequence: int
    standing: Standing


BEGINNING: Final = Place(0, 0)
"""Before the first record."""


class FillingPartition(NamedTuple):
    """How far the sums of a half-life are filled in one partition."""

    partition: int
    place: Place
    resolved_letters: int
    """Dead letters of the partition that were settled when the reading began."""
    is_live: bool


def fold_standing(
    deltas: Deltas, subtracted: SubtractedWeights, tenant_id: str, half_life_us: int, standing: Iterable[Standing]
) -> None:
    """Add states to the sums of a half-life, each with the same bits that live takes away when it ends.

    Args:
        deltas: what is added to.
        subtracted: the weights of what was taken away are added to it.
        tenant_id: whose.
        half_life_us: in microseconds.
        standing: the states.
    """
    for partition, subject, source_id, traits, rating, rated_us, times in standing:
        landmark, share = half_life_share(half_life_us, rating, rated_us)
        for path in prefixes(subject):
            add_share(deltas, (tenant_id, path, source_id, traits, partition, landmark), share, times, subtracted)


def whole_records(entries: list[Entry], limit: int) -> tuple[list[Entry], Place | None]:
    """Return the entries of records that were read whole, and the place that they reach.

    Args:
        entries: in the order of the records, at most `limit`; a full list may end amid a record.
        limit: of the statement that read them.

    Returns:
        The entries, and the place of the last record; None for the place where all entries were read.
    """
    if len(entries) < limit:
        return entries, None
    last = (entries[-1].epoch, entries[-1].sequence)
    whole = [entry for entry in entries if (entry.epoch, entry.sequence) != last]
    return whole, Place(whole[-1].epoch, whole[-1].sequence)


def waits_for_letters(partition: int, open_letters: Collection[frozenset[int]]) -> str | None:
    """Return, in words, why a partition cannot join for its dead letters; None where it can.

    A record that one group has set aside and the other has taken is in the sums and not in the ledger, or the other
    way round: what is filled from the ledger would then not be what live adds and takes away later. One that both have
    set aside is in neither.

    Args:
        partition: which.
        open_letters: the offsets of the records that each group has set aside.
    """
    differing = frozenset().union(*open_letters) - frozenset.intersection(*open_letters)
    if not differing:
        return None
    letters = f"{counted(len(differing), 'dead letter')} {noun_of(len(differing), 'is', 'are')}"
    return (
        f"of partition {partition}, {letters} open in one of the groups scoring-live and scoring-history only; settle "
        "them with `plaudit dead-letters discard GROUP --service scoring`"
    )
