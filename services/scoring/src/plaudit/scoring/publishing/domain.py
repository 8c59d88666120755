"""What is published of a subject: the figures of all profiles at one instant, and when stars change by time alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final, NamedTuple

from plaudit.common.row_numbers import TransactionNumber
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.profiles.domain import TRUST, Profile
from plaudit.scoring.projection.domain.course import next_half_star
from plaudit.scoring.projection.domain.state import state_of
from plaudit.scoring.scores.domain import FOR_EVER, Score, half_stars, instant_of, read, total_weight_at, value_at
from plaudit.scoring.sums.domain.decay import MergedSums, are_sound, time_of, unix_us
from plaudit.scoring.sums.domain.parts import KeptPart, Part, merge_for, newest_us, parts_for
from plaudit.scoring.sums.domain.surveys import ces, csat, nps
from plaudit.scoring.sums.domain.traits import TRAITS

MIN_INTERVAL: Final = timedelta(seconds=1)
"""Between two events of one subject: one that changes a thousand times a second is told once a second."""
MAX_STEP_BACK: Final = timedelta(minutes=1)
"""Of two transactions, the one that began first may publish last: then its time is that of the other one. What is
further back is a clock that was set back."""
_LAST_US: Final = unix_us(FOR_EVER)
_ROUNDING_US: Final = 1_000_000
_MAX_NUDGES: Final = 40


class ScoreKey(NamedTuple):
    """A subject whose score is published."""

    tenant_id: str
    prefix: str

    @property
    def order_key(self) -> str:
        """What is locked while its score is read and published."""
        return f"score:{self.tenant_id}/{self.prefix}"


class Place(NamedTuple):
    """The place of a subject's last event among those of all subjects: after those of earlier transactions."""

    xid: TransactionNumber
    prefix: str


BEGINNING: Final = Place(0, "")


class Cause(StrEnum):
    """Why a score is published: reviews have changed, its stars have by time alone, or the topic did not hold it so."""

    REVIEWS = "reviews"
    TIME = "time"
    COMPLETION = "completion"


class Survey(StrEnum):
    """A kind of survey, which has a figure of its own."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"


class NextStars(NamedTuple):
    """The next change of the stars shown, if no review comes until then."""

    at_us: int
    stars: float


@dataclass(frozen=True, slots=True)
class SurveyFigure:
    """What a survey says, as `sums.domain.surveys` has it; no value while it has no answers that weigh anything."""

    value: float | None
    count: int


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """The score of one profile, the next change of its stars, and what any other crossing follows from."""

    score: Score
    next_stars: NextStars | None
    weight: float
    """What all reviews weigh."""
    prior_weight: float
    half_life_days: float | None
    """None where reviews do not fade without a new one."""


@dataclass(frozen=True, slots=True)
class Record:
    """All figures of a subject at one instant."""

    as_of: datetime
    profiles: Mapping[str, ProfileFigures]
    """By the profile's name."""
    surveys: Mapping[Survey, SurveyFigure]
    """Only of surveys that were answered."""

    @property
    def next_change_at(self) -> datetime | None:
        """When the stars of any profile change next, if no review comes until then."""
        times = [each.next_stars.at_us for each in self.profiles.values() if each.next_stars is not None]
        return time_of(min(times)) if times else None


@dataclass(frozen=True, slots=True)
class OwnProfiles:
    """The profiles of a tenant's own that scores can be read by."""

    told: int
    """Says which revisions of which profiles they are: the same for the same ones; 0 for none."""
    profiles: tuple[Profile, ...]

    @property
    def half_lives(self) -> frozenset[int]:
        """The half-lives among theirs that are a tenant's own, in microseconds."""
        return frozenset(half_life for each in self.profiles if (half_life := own_half_life(each)) is not None)


NO_OWN_PROFILES: Final = OwnProfiles(0, ())


@dataclass(frozen=True, slots=True)
class SubjectSums:
    """The sums of one subject, by source, all as of one instant of the database."""

    kept: Sequence[KeptPart] = ()
    """Of the half-lives that every tenant has."""
    own: Mapping[int, Sequence[Part]] = field(default_factory=dict)
    """Half-life of the tenant's own, in microseconds → its sums."""

    @property
    def damaged(self) -> list[int | None]:
        """The half-lives of a tenant's own whose sums are damaged; None for those that every tenant has."""
        kept: list[int | None] = [] if all(are_sound(part.kept) for part in self.kept) else [None]
        return kept + [each for each, parts in self.own.items() if not all(are_sound(part.sums) for part in parts)]

    def parts_of(self, profile: Profile) -> Sequence[Part]:
        """Return the sums of a profile's half-life."""
        half_life_us = own_half_life(profile)
        return parts_for(self.kept, profile.half_life_us) if half_life_us is None else self.own.get(half_life_us, ())


NO_SUMS: Final = SubjectSums()


def is_recent(published_at: datetime, now: datetime) -> bool:
    """Return whether an event is too recent for another one. A clock that was set back makes nothing wait."""
    return -MAX_STEP_BACK < now - published_at < MIN_INTERVAL


@dataclass(frozen=True, slots=True)
class Published:
    """What is known of the last event of a subject."""

    number: int
    published_at: datetime
    next_change_at: datetime | None
    is_held: bool
    """Whether the topic that there is now holds the event; another one may have been made since."""
    profiles: int = 0
    """`OwnProfiles.told` of those that the event has."""

    def is_recent(self, now: datetime) -> bool:
        """Return whether it is too recent for another one. A clock that was set back makes nothing wait."""
        return is_recent(self.published_at, now)

    def is_due(self, now: datetime) -> bool:
        """Return whether its stars have changed since by time alone."""
        return self.next_change_at is not None and self.next_change_at <= now


@dataclass(frozen=True, slots=True)
class Mark:
    """Rows of sums that have changed."""

    id: int
    marked_at: datetime
    row_ids: Sequence[int]


def rows_left(marks: Iterable[Mark], prefix_of: Mapping[int, ScoreKey], done: Iterable[ScoreKey]) -> list[int]:
    """Return the rows of marks whose scores are still to be published.

    Args:
        marks: that are deleted.
        prefix_of: row id → whose row it is. A row that is not here is gone, and nothing is left to do for it.
        done: what is published.
    """
    published = frozenset(done)
    ids = {row_id for mark in marks for row_id in mark.row_ids if row_id in prefix_of}
    return sorted(row_id for row_id in ids if prefix_of[row_id] not in published)


def next_walk(
    walking: tuple[ScoreKey, int] | None, told: Mapping[str, int], present: Mapping[str, int]
) -> tuple[ScoreKey, int] | None:
    """Return after which subject a walk over a tenant's subjects goes on, and with which profiles; None for no walk.

    Args:
        walking: the walk so far. It begins anew where the tenant's profiles are others now.
        told: tenant → with which profiles all of its subjects were told, of those that are known.
        present: tenant → with which they are to be told, by `OwnProfiles.told`.
    """
    if walking is not None:
        after, profiles = walking
        if present.get(after.tenant_id) == profiles:
            return walking
    changed = min((tenant_id for tenant_id in present if told.get(tenant_id) != present[tenant_id]), default=None)
    return None if changed is None else (ScoreKey(changed, ""), present[changed])


def before_first(keys: Iterable[ScoreKey], not_free: Collection[ScoreKey]) -> list[ScoreKey]:
    """Return the subjects, in their order, that come before the first one which somebody else has in hand."""
    return list(takewhile(lambda key: key not in not_free, keys))


def instant_for(before: Published | None, now: datetime) -> datetime:
    """Return the instant that an event's figures hold for: the present, but not before the last event's."""
    if before is None or before.published_at - now > MAX_STEP_BACK:
        return now
    return max(now, before.published_at)


def next_number(before: Published | None, now: datetime) -> int:
    """Return the number of an event: the microseconds since 1970, or one more than the number before.

    A mere count would begin again at a lower number after a database is restored from a backup.
    """
    return max(unix_us(now), 0 if before is None else before.number + 1)


def record_of(sums: SubjectSums, profiles: Iterable[Profile], as_of: datetime) -> Record:
    """Return all figures of a subject.

    Args:
        sums: of the subject; without any there are no reviews.
        profiles: whose half-lives are kept.
        as_of: the instant.
    """
    at_us = unix_us(as_of)
    kinds = {TRAITS[part.traits].kind for part in sums.kept}
    surveys = {
        survey: _survey_figure(survey, sums.kept, profile) for survey, profile in _SURVEYS.items() if survey in kinds
    }
    return Record(
        as_of,
        {profile.name: _profile_figures(profile, sums.parts_of(profile), at_us) for profile in profiles},
        {survey: figure for survey, figure in surveys.items() if figure.count > 0},
    )


def next_stars(profile: Profile, merged: MergedSums, at_us: int) -> NextStars | None:
    """Return the next change of the stars that `read` shows, if no review comes; None if they never change.

    The projection computes the crossing in another way than `read`, so the last bits may differ: what is returned is
    an instant at which `read` shows the new stars. Where the two see a score on different sides of a threshold, a
    second later decides.

    Args:
        profile: it.
        merged: sums of what counts for it.
        at_us: from when, in microseconds since the Unix epoch.
    """
    if merged.sums.n <= 0 or profile.is_frozen:
        return None
    stars = shown = half_stars(value_at(merged, at_us, profile))
    for start_us in (at_us, at_us + _ROUNDING_US):
        if start_us != at_us and (stars := half_stars(value_at(merged, start_us, profile))) != shown:
            return NextStars(start_us, stars)
        state = state_of(profile, merged, start_us)
        if half_stars(state.score) == stars:
            crossing = next_half_star(state)
            return None if crossing is None else _settled(profile, merged, crossing.at_us, crossing.stars)
    return None


def _profile_figures(profile: Profile, parts: Sequence[Part], at_us: int) -> ProfileFigures:
    merged = merge_for(profile, parts)
    read_at_us = instant_of(profile, newest_us(parts, profile), at_us) if profile.is_frozen else at_us
    score = read(merged, read_at_us, profile)
    return ProfileFigures(
        score,
        next_stars(profile, merged, at_us),
        weight=max(total_weight_at(merged, read_at_us, profile), 0.0) if score.count else 0.0,
        prior_weight=profile.prior_weight,
        half_life_days=None if profile.is_frozen else profile.half_life_days,
    )


def _settled(profile: Profile, merged: MergedSums, crossed_us: int, stars: float) -> NextStars | None:
    """Return the crossing, moved by what rounding takes until `read` shows the new stars."""
    for nudges in range(_MAX_NUDGES):
        at_us = crossed_us + (1 << nudges) - 1
        if at_us > _LAST_US:
            return None
        if half_stars(value_at(merged, at_us, profile)) == stars:
            return NextStars(at_us, stars)
    return None


def _survey_figure(survey: Survey, kept: Sequence[KeptPart], profile: Profile) -> SurveyFigure:
    sums = merge_for(profile, parts_for(kept, profile.half_life_us)).sums
    if sums.n <= 0 or sums.b <= 0:
        return SurveyFigure(None, max(sums.n, 0))
    return SurveyFigure(_FIGURES[survey](sums), sums.n)


_FIGURES: Final = {Survey.NPS: nps, Survey.CSAT: csat, Survey.CES: ces}
_SURVEYS: Final = {
    survey: Profile(
        name=survey,
        half_life_days=TRUST.half_life_days,
        prior_weight=TRUST.prior_weight,
        prior_value=TRUST.prior_value,
        kinds=frozenset({survey.value}),
    )
    for survey in Survey
}
"""How answers fade. The prior is not used."""
