"""Which mapping a payload may have: by the names of its members, and by their values.

What is found goes into the mapping with how sure it is, and why. What is not clear is not guessed: it is listed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from plaudit.ingest.mappings.domain.names import (
    ANSWERS,
    EVENT,
    HAPPENED,
    KNOWN,
    OTHERS,
    STATUS,
    VERSION,
    Named,
    is_local_date,
    is_number,
    is_time,
    is_whole,
    order_of,
    words_of,
)
from plaudit.ingest.platforms.mapping import REQUIRED
from plaudit.ingest.platforms.payload import TIME_FORMS

MAX_SAMPLES: Final = 50
"""Events that are looked at."""
MAX_DEPTH: Final = 4
MAX_LEAVES: Final = 500
MAX_ARRAYS: Final = 20
MAX_CANDIDATES: Final = 5
MAX_KEY_CHARS: Final = 100
STARS: Final = (1.0, 5.0)
POINTS: Final = 10.0

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ZONED: Final = re.compile(r".*(?:Z|z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})|[0-9]+")

Confidence = Literal["sure", "likely"]


class FieldGuess(msgspec.Struct, frozen=True):
    """A field that was found."""

    field: str
    expression: str
    confidence: Confidence
    reason: str


class Unclear(msgspec.Struct, frozen=True):
    """What must be said by whoever knows the platform."""

    field: str
    reason: str
    candidates: tuple[str, ...] = ()
    """Expressions that may be meant."""


class Guess(msgspec.Struct, frozen=True):
    """What a payload looks like."""

    events: str | None
    fields: tuple[FieldGuess, ...]
    words: Mapping[str, Mapping[str, str]]
    unclear: tuple[Unclear, ...]


class _Leaf(msgspec.Struct, frozen=True):
    """One member of the events, wherever it stands in them."""

    path: tuple[str, ...]
    values: tuple[object, ...]
    """In the events that have it and where it is not null."""

    @property
    def name(self) -> str:
        return "".join(words_of(self.path[-1]))

    @property
    def holders(self) -> tuple[str, ...]:
        return tuple("".join(words_of(part)) for part in self.path[:-1])

    @property
    def expression(self) -> str:
        return ".".join(_quoted(part) for part in self.path)


def guess(body: object) -> Guess:
    """Return what a decoded payload looks like; of what it does not tell, all is unclear."""
    guesses = [_of_events(path, events) for path, events in _places(body)]
    if not guesses:
        return Guess(None, (), {}, (Unclear("events", "there is neither an object nor an array of objects"),))
    return max(guesses, key=_worth)


def _worth(found: Guess) -> tuple[int, int, bool]:
    """Return how much of a review is found: first of what is needed, then of all.

    Of places that hold as much, the outermost wins; where no name is known, an array in the body does.
    """
    names = {each.field for each in found.fields}
    return len(names & set(REQUIRED)), len(names), not names and found.events is not None


def _places(body: object) -> Iterator[tuple[str | None, list[dict[str, object]]]]:
    """Yield where the events may be: the body, or an array of objects in it."""
    if isinstance(body, list):
        events = [item for item in body if isinstance(item, dict)][:MAX_SAMPLES]
        if events:
            yield None, events
    if isinstance(body, dict):
        yield None, [body]
        arrays = (leaf for leaf in _leaves([body]) if _is_array_of_objects(leaf.values[0]))
        for leaf in [*arrays][:MAX_ARRAYS]:
            [array] = leaf.values
            assert isinstance(array, list)
            yield leaf.expression, [item for item in array if isinstance(item, dict)][:MAX_SAMPLES]


def _is_array_of_objects(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _leaves(events: Sequence[Mapping[str, object]]) -> list[_Leaf]:
    """Return the members of events at every depth; of an array of answers, those of the first one."""
    found: dict[tuple[str, ...], list[object]] = {}
    for event in events:
        _collect(event, (), found)
    return [_Leaf(path, tuple(values)) for path, values in found.items()]


def _collect(value: object, path: tuple[str, ...], found: dict[tuple[str, ...], list[object]]) -> None:
    if isinstance(value, dict) and len(path) < MAX_DEPTH:
        for key, member in value.items():
            if isinstance(key, str) and len(key) <= MAX_KEY_CHARS:
                _collect(member, (*path, key), found)
    elif isinstance(value, list) and value and path and "".join(words_of(path[-1])) in ANSWERS:
        _collect(value[0], (*path[:-1], f"{path[-1]}[0]"), found)
    elif value is not None and path and (path in found or len(found) < MAX_LEAVES):
        found.setdefault(path, []).append(value)


def _of_events(place: str | None, events: list[dict[str, object]]) -> Guess:
    leaves = _leaves(events)
    fields: list[FieldGuess] = []
    unclear: list[Unclear] = []
    taken: set[tuple[str, ...]] = set()
    for name, known in KNOWN.items():
        candidates = [leaf for leaf in _ranked(leaves, known) if leaf.path not in taken]
        if candidates:
            taken.add(candidates[0].path)
            fields.append(_field(name, candidates, known, len(events)))
        elif written := [leaf for leaf in leaves if _is_written_locally(leaf, known)]:
            unclear.append(_local(name, written))
        elif name in REQUIRED:
            unclear.append(_missing(name, leaves, known))
    fields = [_doubted(each, leaves, fields) for each in fields]
    words = _happened(leaves, fields, unclear)
    _add_ends(leaves, fields)
    unclear += _doubts(leaves, fields)
    return Guess(place, tuple(fields), words, tuple(unclear))


def _ranked(leaves: Sequence[_Leaf], known: Named) -> list[_Leaf]:
    """Return what a field may be, the best first: by its name, then by how deep it stands."""
    fitting = [
        (known.names.index(leaf.name), len(leaf.path), number)
        for number, leaf in enumerate(leaves)
        if leaf.name in known.names and _stands_well(leaf, known) and all(map(known.fits, leaf.values))
    ]
    return [leaves[number] for *_, number in sorted(fitting)]


def _stands_well(leaf: _Leaf, known: Named) -> bool:
    """Return whether a member stands where the field would: a customer's id is not the review's."""
    holders = {holder.removesuffix("0") for holder in leaf.holders}
    if known.within:
        return bool(holders & set(known.within)) or leaf.name.startswith(tuple(known.within))
    if known.are == "addresses":
        return True
    return not holders & set(OTHERS)


def _field(name: str, candidates: list[_Leaf], known: Named, events: int) -> FieldGuess:
    best, others = candidates[0], len(candidates) - 1
    in_all = len(best.values) == events
    is_sure = in_all and not others
    why = f"it is called {best.path[-1]}, and all its values are {known.are}"
    if others:
        why += f"; {others} more could be meant, such as {candidates[1].expression}"
    elif not in_all:
        why += f"; {events - len(best.values)} of {events} events lack it"
    return FieldGuess(name, best.expression, "sure" if is_sure else "likely", why)


def _doubted(found: FieldGuess, leaves: Sequence[_Leaf], fields: Sequence[FieldGuess]) -> FieldGuess:
    """Return a field less sure where it is an id that does not stand in or around the object of the rating."""
    paths = {leaf.expression: leaf.path for leaf in leaves}
    rating = next((paths[each.expression] for each in fields if each.field == "rating"), None)
    holder = paths[found.expression][:-1]
    if found.field != "id" or (rating is not None and rating[: len(holder)] == holder):
        return found
    reason = f"{found.reason}; it does not stand with a rating, so it may be of something else"
    return msgspec.structs.replace(found, confidence="likely", reason=reason)


def _missing(name: str, leaves: Sequence[_Leaf], known: Named) -> Unclear:
    """Return what of a needed field is unclear: those that are called so and are otherwise, else those that fit."""
    called = [leaf for leaf in leaves if leaf.name in known.names]
    fitting = [leaf for leaf in leaves if all(map(known.fits, leaf.values))]
    reason = (
        f"what is called so does not hold {known.are} alone; if it holds words, say under `words` what they stand for"
        if called
        else "no member has a name that says so"
    )
    return Unclear(name, reason, tuple(leaf.expression for leaf in (called or fitting)[:MAX_CANDIDATES]))


def _is_written_locally(leaf: _Leaf, known: Named) -> bool:
    """Return whether a member would be the field, if its times were not written as people of some place write them."""
    is_called = known.fits is is_time and leaf.name in known.names and _stands_well(leaf, known)
    return is_called and all(map(is_local_date, leaf.values))


def _local(name: str, written: Sequence[_Leaf]) -> Unclear:
    """Return what is to be done about times that a mapping cannot read: it has no way to say their form."""
    order = order_of([value for leaf in written for value in leaf.values])
    what = (
        f"these are dates in the order {order}"
        if order
        else "these are dates whose day and month could be either way round, which is not guessed"
    )
    reason = (
        f"{what}; a mapping reads {TIME_FORMS} alone: let the sender write one of these, or import the reviews as a "
        "file, where the order of a date can be said"
    )
    return Unclear(name, reason, tuple(leaf.expression for leaf in written[:MAX_CANDIDATES]))


def _happened(leaves: Sequence[_Leaf], fields: list[FieldGuess], unclear: list[Unclear]) -> dict[str, dict[str, str]]:
    """Find what says what happened, by the words of its values; add it, and return what these stand for."""
    for leaf in sorted(leaves, key=lambda leaf: len(leaf.path)):
        texts = [value for value in leaf.values if isinstance(value, str) and 0 < len(value) <= MAX_KEY_CHARS]
        found = {text: HAPPENED[word] for text in texts for word in words_of(text) if word in HAPPENED}
        if leaf.name in EVENT and found and len(texts) == len(leaf.values):
            why = f"it is called {leaf.path[-1]}, and its values name what happened"
            fields.append(FieldGuess("event", leaf.expression, "likely", why))
            reason = "only the words of this payload are known: add the platform's others, and check what these mean"
            unclear.append(Unclear("event", reason))
            return {"event": found}
    return {}


def _add_ends(leaves: Sequence[_Leaf], fields: list[FieldGuess]) -> None:
    """Add the ends of the scale where they stand beside the rating."""
    by_path = {leaf.expression: leaf for leaf in leaves}
    rating = next((each.expression for each in fields if each.field == "rating"), "")
    for name, words in (("scale_min", ("min", "worst")), ("scale_max", ("max", "best", "range"))):
        for leaf in leaves:
            beside = rating in by_path and leaf.path[:-1] == by_path[rating].path[:-1]
            said = leaf.name in words or (leaf.name.startswith("rating") and leaf.name.endswith(words))
            if beside and said and all(map(is_number, leaf.values)):
                why = f"it is called {leaf.path[-1]}, and stands beside the rating"
                fields.append(FieldGuess(name, leaf.expression, "likely", why))
                break


def _doubts(leaves: Sequence[_Leaf], fields: Sequence[FieldGuess]) -> Iterator[Unclear]:
    """Yield what a payload does not tell, though it matters."""
    by_field = {each.field: each.expression for each in fields}
    values = {leaf.expression: leaf.values for leaf in leaves}
    if "rating" in by_field and not {"scale_min", "scale_max"} <= by_field.keys():
        yield _scale([float(str(value).strip().replace(",", ".")) for value in values[by_field["rating"]]])
    times = values.get(by_field.get("published_at", ""), ())
    if any(isinstance(value, str) and not _ZONED.fullmatch(value.strip()) for value in times):
        yield Unclear("time_zone", "the times have no zone: give the source the one that they are in")
    standing = [leaf.expression for leaf in leaves if leaf.name in STATUS and leaf.expression not in by_field.values()]
    if standing:
        reason = "these may say that a review is not public: say under `words` what theirs stand for"
        yield Unclear("removed", reason, tuple(standing[:MAX_CANDIDATES]))
    versions = [leaf.expression for leaf in leaves if leaf.name in VERSION and all(map(is_whole, leaf.values))]
    if versions:
        reason = "it rises with each change of a review, or is the version of the payload's form: map the former only"
        yield Unclear("version", reason, tuple(versions[:MAX_CANDIDATES]))
    yield Unclear("proof", "a payload does not say what proves it: see how the platform signs")


def _scale(ratings: Sequence[float]) -> Unclear:
    worst, best = min(ratings), max(ratings)
    if worst < STARS[0] or best > STARS[1]:
        end = "`10`" if best <= POINTS else "`100`"
        reason = f"the ratings go from {worst:g} to {best:g}, so they are no stars from 1 to 5: say both ends"
        return Unclear("scale_max", reason, (end,))
    return Unclear("scale_max", f"stars from 1 to 5, if nothing else is said; from {worst:g} to {best:g} are here")


def _quoted(name: str) -> str:
    """Return a member's name as JMESPath writes it."""
    base, is_first, _ = name.partition("[0]") if name.endswith("[0]") else (name, "", "")
    written = base if _IDENTIFIER.fullmatch(base) else msgspec.json.encode(base).decode()
    return written + is_first
