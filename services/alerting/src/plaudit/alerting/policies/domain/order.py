"""Whether the classes of a policy fit together: the severer review is never due later, and no class stands in vain.

A policy is looked at from every kind of review that it can tell apart. Severity and rating say how bad a review is;
everything else is its surroundings. In each surroundings, of two reviews of which one is worse, the worse one must not
be due later in the worst case of its calendar; nor may it have no class where the other has one, for then it is never
due. A class that is not the first to fit anywhere starts no clock.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Final, NamedTuple

from plaudit.alerting.policies.domain.conditions import MAX_STARS, MIN_STARS, Condition
from plaudit.alerting.policies.domain.document import DocumentError
from plaudit.alerting.policies.domain.metrics import METRICS, About, Metric, Rules
from plaudit.alerting.policies.domain.revisions import Class, of_metric
from plaudit.common.contracts import Origin, Severity
from plaudit.common.contracts.subjects import is_within

MAX_SURROUNDINGS: Final = 20_000
"""Combinations of conditions, beside severity and rating, that are told apart for one metric."""

Worst = Callable[[str, int], timedelta]
"""(name of a calendar, seconds of its open time) → the longest time on the clock that they may take."""

_OTHER: Final = None
"""Stands for a value that no condition names."""


class Badness(NamedTuple):
    """How bad something is."""

    severity: str
    stars: int | None

    def is_worse(self, other: "Badness", severities: Sequence[str]) -> bool:
        """Say whether it is worse than another: severer and with no better rating, or the other way round."""
        if self == other:
            return False
        severer = not severities or severities.index(self.severity) >= severities.index(other.severity)
        return severer and (self.stars is None or other.stars is None or self.stars <= other.stars)


def mistakes_of_order(classes: Sequence[Class], worst: Worst) -> list[DocumentError]:
    """Return what keeps the classes of a policy from fitting together: each pair, and each class in vain, once."""
    return list(
        chain.from_iterable(_mistakes_of_metric(metric, of_metric(classes, metric), worst) for metric in Metric)
    )


def _mistakes_of_metric(metric: Metric, classes: Sequence[tuple[int, Class]], worst: Worst) -> Iterator[DocumentError]:
    rules = METRICS[metric]
    surroundings = _surroundings([each.when for _, each in classes], rules)
    if len(surroundings) > MAX_SURROUNDINGS:
        yield _mistake(
            classes[0][0],
            "",
            "too_many_combinations",
            f"the conditions of `{metric}` make more than {MAX_SURROUNDINGS:,} combinations: name fewer values",
        )
        return
    used: set[int] = set()
    found: dict[tuple[int | None, int], tuple[Badness, Badness]] = {}
    for fitting in surroundings:
        firsts = {cell: _first(classes, fitting, cell) for cell in _cells(rules)}
        used.update(first for first in firsts.values() if first is not None)
        for pair, cells in _inverted(firsts, classes, rules, worst):
            found.setdefault(pair, cells)
    by_place = dict(classes)
    yield from (_inversion(by_place, pair, cells, worst) for pair, cells in sorted(found.items(), key=_by_pair))
    for number, (place, each) in enumerate(classes):
        if number not in used:
            detail = (
                f"no clock of `{metric}` can start under `{each.name}`: classes before it take everything it admits"
            )
            yield _mistake(place, "", "never_first", detail)


def _first(classes: Sequence[tuple[int, Class]], fitting: int, cell: Badness) -> int | None:
    """Return the number, among the metric's classes, of the first that fits; `fitting` has a bit for each."""
    for number, (_, each) in enumerate(classes):
        if fitting >> number & 1 and _fits(each.when, cell):
            return number
    return None


def _fits(when: Condition, cell: Badness) -> bool:
    if when.severity and cell.severity not in when.severity:
        return False
    return when.rating is None or when.rating.admits(cell.stars)


def _inverted(
    firsts: Mapping[Badness, int | None], classes: Sequence[tuple[int, Class]], rules: Rules, worst: Worst
) -> Iterator[tuple[tuple[int | None, int], tuple[Badness, Badness]]]:
    """Yield (place of the worse one's class, place of the other's) where the worse one is due later."""
    for bad, bad_number in firsts.items():
        for mild, mild_number in firsts.items():
            if mild_number is None or bad_number == mild_number or not bad.is_worse(mild, rules.severities):
                continue
            milder = classes[mild_number]
            if bad_number is None:
                yield (None, milder[0]), (bad, mild)
            elif _is_later(classes[bad_number][1], milder[1], worst):
                yield (classes[bad_number][0], milder[0]), (bad, mild)


def _is_later(severer: Class, milder: Class, worst: Worst) -> bool:
    """Say whether the severer one may be due later than the milder one, learned of at once or late."""
    graces = (_wait(each, each.grace_seconds, worst) for each in (severer, milder))
    in_time = (_wait(each, max(each.target_seconds, each.grace_seconds), worst) for each in (severer, milder))
    return next(in_time) > next(in_time) or next(graces) > next(graces)


def _wait(each: Class, seconds: int, worst: Worst) -> timedelta:
    return worst(each.calendar, seconds) if seconds else timedelta()


def _inversion(
    by_place: Mapping[int, Class], pair: tuple[int | None, int], cells: tuple[Badness, Badness], worst: Worst
) -> DocumentError:
    severer, milder = pair
    bad, mild = (_in_words(cell) for cell in cells)
    other = by_place[milder]
    if severer is None:
        detail = f"`{other.name}` is for {mild}, and no class is for {bad}, which is worse: add one before it"
        return _mistake(milder, "", "severer_never_due", detail)
    each = by_place[severer]
    times = [_wait(one, max(one.target_seconds, one.grace_seconds), worst) for one in (each, other)]
    if times[0] > times[1]:
        waits = (
            f"up to {_duration(times[0])} on the clock, and {mild} under `{other.name}` {_duration(times[1])} at most"
        )
        return _mistake(
            severer,
            "/due_within",
            "severer_due_later",
            f"{bad} has {waits}: the worse one must not be due later",
        )
    detail = f"{bad}, learned of late, has a longer grace than {mild} under `{other.name}`: it must not be due later"
    return _mistake(severer, "/grace", "severer_due_later", detail)


def _by_pair(found: tuple[tuple[int | None, int], object]) -> tuple[int, int]:
    severer, milder = found[0]
    return (-1 if severer is None else severer, milder)


def _cells(rules: Rules) -> list[Badness]:
    """Return how bad something may be: one or two stars are negative at least, and only these may be."""
    if rules.about is About.INCIDENT:
        return [Badness(severity, None) for severity in rules.severities or ("",)]
    return [
        Badness(severity, stars)
        for severity in rules.severities
        for stars in range(MIN_STARS, MAX_STARS + 1)
        if severity == Severity.DRASTIC or (severity == Severity.NEGATIVE) == (stars <= 2)
    ]


def _in_words(cell: Badness) -> str:
    if cell.stars is None:
        return f"an incident that is {cell.severity}" if cell.severity else "an incident"
    return f"a {cell.severity} review of {cell.stars} star{'s' if cell.stars > 1 else ''}"


def _duration(length: timedelta) -> str:
    hours, rest = divmod(int(length.total_seconds()), 3600)
    minutes = f" {rest // 60} min" if rest >= 60 else ""
    return f"{hours} h{minutes}" if hours else f"{rest // 60} min"


def _mistake(place: int, member: str, code: str, detail: str) -> DocumentError:
    return DocumentError(pointer=f"/classes/{place}{member}", code=code, detail=detail)


def _surroundings(conditions: Sequence[Condition], rules: Rules) -> set[int]:
    """Return the sets of classes that can fit at once, but for severity and rating; a bit of a number is a class.

    Each part of the conditions splits its values into those that the same classes admit. One set of each part is
    combined with one of each other. It stops early when they become too many.
    """
    found = {(1 << len(conditions)) - 1}
    for part in _parts(conditions, rules):
        found = {one & other for one in found for other in part}
        if len(found) > MAX_SURROUNDINGS:
            break
    return found


def _parts(conditions: Sequence[Condition], rules: Rules) -> Iterator[set[int]]:
    yield {_bits(not each.kind or kind in each.kind for each in conditions) for kind in rules.kinds}
    roots = {root for each in conditions for root in each.subject}
    yield {
        _bits(not each.subject or any(is_within(subject, root) for root in each.subject) for each in conditions)
        for subject in (*roots, "")
    }
    if rules.about is About.INCIDENT:
        return
    for name in ("source", "platform", "language"):
        lists = [getattr(each, name) for each in conditions]
        yield {_bits(not wanted or value in wanted for wanted in lists) for value in _named(lists)}
    yield {_bits(not each.origin or origin in each.origin for each in conditions) for origin in Origin}
    yield {_bits(each.verified in {None, verified} for each in conditions) for verified in (True, False)}
    for name in ("persona", "topic"):
        lists = [getattr(each, name) for each in conditions]
        yield _unions({_bits(not wanted or value in wanted for wanted in lists) for value in _named(lists)})


def _named(lists: Iterable[tuple[str, ...]]) -> set[str | None]:
    """Return all values that conditions name, and one that none names."""
    return {_OTHER, *chain.from_iterable(lists)}


def _unions(sets: set[int]) -> set[int]:
    """Return all unions of some sets: a review may mention several topics at once."""
    found: set[int] = set()
    for each in sets:
        found |= {each, *(each | other for other in found)}
        if len(found) > MAX_SURROUNDINGS:
            break
    return found


def _bits(admitted: Iterable[bool]) -> int:
    return sum(1 << number for number, is_admitted in enumerate(admitted) if is_admitted)
