"""Which reviews of a subject figures are read of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from plaudit.scoring.figures.domain.figures import weights_of
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.scores.domain import Moment
from plaudit.scoring.sums.domain.traits import TRAITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What figures of the weight of reviews are read of: those that count at a moment."""

    tenant_id: str
    subject: str
    """It, and all below it."""
    moment: Moment
    profile: Profile
    """How reviews fade, which kinds and origins count, and what sources weigh."""
    source_id: UUID | None = None
    """Of this source alone, if given."""

    @property
    def of_source(self) -> str | None:
        """The source as sums name it."""
        return None if self.source_id is None else str(self.source_id)

    def by(self, profile: Profile) -> "Weighed":
        """Return the same reviews, of which those count that another profile counts."""
        return replace(self, profile=profile)

    @property
    def weights(self) -> Mapping[int, float]:
        """Traits → the weight of a fresh review, of those that count; its source aside."""
        return weights_of(self.profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What figures of ratings are read of: reviews that stand now, by when they were rated."""

    tenant_id: str
    subject: str
    """It, and all below it."""
    kinds: frozenset[str]
    source_id: UUID | None = None
    """Of this source alone, if given."""
    origin: str | None = None
    """Of this origin alone, if given."""

    @property
    def traits(self) -> list[int]:
        """The traits of those that count."""
        return [
            number
            for number, each in enumerate(TRAITS)
            if each.kind in self.kinds and self.origin in {None, each.origin}
        ]
