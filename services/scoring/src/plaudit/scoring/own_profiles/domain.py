"""What a tenant may do with profiles of its own."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.scoring.profiles.domain import (
    BUILT_IN,
    MAX_HALF_LIFE_DAYS,
    MAX_PROFILES,
    NAME_PATTERN,
    ORIGINS,
    TRUST,
    InvalidProfileError,
    Profile,
    ProfileRevision,
    parameters_of,
    profile_of,
)
from plaudit.scoring.sources.domain import Source

DAYS_OF: Final[Mapping[str, float]] = {"hours": 1 / 24, "days": 1.0, "years": 365.25}
"""Unit of a half-life in a form → its days."""
NEVER: Final = "never"
"""The unit of reviews that never fade."""
NAME_RULE: Final = "A name has 1 to 32 small letters, digits, _ and -, and begins with a letter."
HALF_LIFE_RULE: Final = f"A half-life is from an hour to a hundred years ({MAX_HALF_LIFE_DAYS:,.0f} days)."
_NUMBER_RULE: Final = "Write a number, such as 7 or 0.5."
_NUMBERS: Final = ("prior_weight", "prior_value", "verified_weight", "unverified_weight")


class BuiltInProfileError(ValueError):
    """A profile that every tenant has is nobody's own."""

    def __init__(self, name: str) -> None:
        """Name it."""
        super().__init__(f"Every tenant has the profile `{name}`, and nobody changes it. Choose another name.")


class TooManyProfilesError(ValueError):
    """The tenant has as many profiles of its own as it may have."""

    def __init__(self) -> None:
        """Say what the limit is, and what to do."""
        super().__init__(f"A tenant has at most {MAX_PROFILES} profiles of its own. Change or delete one of them.")


class ProfileChangedError(ValueError):
    """Somebody else has changed the profile in between."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The profile has changed since you read it. Read it again and decide anew.")


class ShownProfileError(ValueError):
    """Badges show the profile, so it must stay one that they can show."""

    def __init__(self, name: str, why: str) -> None:
        """Say what would be wrong, and what to do."""
        super().__init__(f"Badges show the profile `{name}`, {why} Choose another one for badges first.")


class NoProfileError(ValueError):
    """The tenant has no profile of its own of a name."""

    def __init__(self, name: str, near: Collection[str]) -> None:
        """Name those that may have been meant."""
        meant = " or ".join(f"`{each}`" for each in near)
        super().__init__(f"There is no profile `{name}`.{f' Did you mean {meant}?' if meant else ''}")


def next_revision(
    name: str,
    latest: ProfileRevision | None,
    profile: Profile | None,
    actor: str,
    now: datetime,
) -> ProfileRevision | None:
    """Return the revision that sets or deletes a profile; None where it is so already.

    Args:
        name: of the profile.
        latest: the latest revision of the name, if there ever was one.
        profile: what it is to be; None to delete it.
        actor: who wants it.
        now: the time of the change.
    """
    if (None if latest is None else latest.profile) == profile:
        return None
    number = 1 if latest is None else latest.revision + 1
    return ProfileRevision(name=name, revision=number, profile=profile, changed_at=now, changed_by=actor)


def check_new(name: str, present: Collection[ProfileRevision]) -> None:
    """Refuse a profile of a new name that may not be.

    Args:
        name: its name.
        present: the tenant's own profiles.

    Raises:
        BuiltInProfileError: every tenant has one of this name.
        TooManyProfilesError: the tenant may have no more.
    """
    if name in BUILT_IN:
        raise BuiltInProfileError(name)
    if len(present) >= MAX_PROFILES and all(each.name != name for each in present):
        raise TooManyProfilesError


def form_of(profile: Profile, name: str, sources: Mapping[str, Source]) -> dict[str, str]:
    """Return a profile as the texts of its form: field → text.

    Args:
        profile: it.
        name: as it stands in the form.
        sources: id → source, of those that may be called by their names.
    """
    ids = _ids_by_name(sources)
    half_life, unit = _in_units(profile.half_life_days)
    return {
        "name": name,
        "half_life": half_life,
        "unit": unit,
        **{field: _number(getattr(profile, field)) for field in _NUMBERS},
        **{f"origin_{origin}": _number(profile.origin_weights.get(origin, 1.0)) for origin in ORIGINS},
        "source_weights": "\n".join(
            f"{_called(source_id, sources, ids)} {_number(weight)}"
            for source_id, weight in profile.source_weights.items()
        ),
        "is_frozen": "yes" if profile.is_frozen else "",
    }


def profile_typed(
    texts: Mapping[str, str], kinds: Collection[str], sources: Mapping[str, Source]
) -> tuple[Profile, dict[str, str]]:
    """Return the profile of a form, and what is wrong with it: field → why. Each field is checked by itself.

    Args:
        texts: of the fields that `form_of` has.
        kinds: the boxes that are ticked.
        sources: id → source, of those that may be called by their names.
    """
    errors: dict[str, str] = {}
    name = texts["name"]
    if re.fullmatch(NAME_PATTERN, name) is None:
        errors["name"] = NAME_RULE
    given: dict[str, Any] = {"kinds": sorted(kinds), "is_frozen": bool(texts["is_frozen"])}
    readings: dict[str, Callable[[], Any]] = {
        "half_life_days": lambda: _half_life_typed(texts),
        "source_weights": lambda: _source_weights_typed(texts["source_weights"], sources),
    }
    for parameter, read in readings.items():
        try:
            given[parameter] = read()
        except ValueError as error:
            errors[parameter] = str(error)
    for parameter in _NUMBERS:
        try:
            given[parameter] = float(texts[parameter])
        except ValueError:
            errors[parameter] = _NUMBER_RULE
    try:
        weights = {origin: float(texts[f"origin_{origin}"]) for origin in ORIGINS}
        given["origin_weights"] = {origin: weight for origin, weight in weights.items() if weight != 1}
    except ValueError:
        errors["origin_weights"] = _NUMBER_RULE
    plain = parameters_of(TRUST)
    for parameter, value in given.items():
        try:
            profile_of("form", plain | {parameter: value})
        except InvalidProfileError as error:
            errors[parameter] = (
                HALF_LIFE_RULE if parameter == "half_life_days" else f"{error.rule[:1].upper()}{error.rule[1:]}."
            )
    return (TRUST if errors else profile_of(name, plain | given)), errors


def half_life_in_words(days: float | None) -> str:
    """Return how fast reviews fade, for a page."""
    half_life, unit = _in_units(days)
    if unit == NEVER:
        return "never"
    return f"{half_life} {unit[:-1] if half_life == '1' else unit}"


def _in_units(days: float | None) -> tuple[str, str]:
    if days is None:
        return "", NEVER
    for unit in ("years", "days"):
        if (number := days / DAYS_OF[unit]) >= 1 and number == round(number):
            return _number(number), unit
    unit = "hours" if days < 2 else "days"  # below two days, hours say more
    return _number(days / DAYS_OF[unit]), unit


def _number(value: float) -> str:
    """Return a number as short as it can be read back."""
    return repr(value).removesuffix(".0")


def _half_life_typed(texts: Mapping[str, str]) -> float | None:
    if texts["unit"] == NEVER:
        return None
    try:
        return float(texts["half_life"]) * DAYS_OF[texts["unit"]]
    except (ValueError, KeyError):
        raise ValueError(_NUMBER_RULE) from None


def _source_weights_typed(text: str, sources: Mapping[str, Source]) -> dict[str, float]:
    ids = _ids_by_name(sources)
    weights: dict[str, float] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            called, weight = line.rsplit(maxsplit=1)
            factor = float(weight)
        except ValueError:
            raise ValueError(
                f"Line {number} is not written as: the name or the id of a source, and its weight."
            ) from None
        source_id = _source_called(" ".join(called.split()), ids, number)
        if source_id in weights:
            raise ValueError(f"Line {number} names a source that a line above names, too: leave one of them.")
        weights[source_id] = factor
    return weights


def _source_called(called: str, ids: Mapping[str, Sequence[str]], line: int) -> str:
    """Return the id of the source of a line, which gives it or the name."""
    try:
        return str(UUID(called))
    except ValueError:
        found = ids.get(called.casefold(), ())
    if not found:
        raise ValueError(f"Line {line}: no source is called “{called}”. Write a name of the list below, or an id.")
    if len(found) > 1:
        raise ValueError(f"Line {line}: {len(found)} sources are called “{called}”. Write the id of the one you mean.")
    return found[0]


def _called(source_id: str, sources: Mapping[str, Source], ids: Mapping[str, Sequence[str]]) -> str:
    """Return a source as the form calls it: by its name where that means no other, else by its id."""
    source = sources.get(source_id)
    if source is None or ids.get(source.name.casefold(), ()) != [source_id]:
        return source_id
    return source.name


def _ids_by_name(sources: Mapping[str, Source]) -> dict[str, list[str]]:
    """Return name without its case → ids of the sources that have it; no name that a line cannot give."""
    found: dict[str, list[str]] = {}
    for source_id, source in sources.items():
        if source.name == " ".join(source.name.split()) and not _is_id(source.name):
            found.setdefault(source.name.casefold(), []).append(source_id)
    return found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
