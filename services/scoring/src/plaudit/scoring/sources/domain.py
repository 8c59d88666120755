"""A source, as reviews tell of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An account on a platform that reviews come from."""

    tenant_id: str
    source_id: str
    name: str
    platform: str
    told_at: datetime
    """When the review was recorded that told this last."""


def latest(told: Iterable[Source]) -> list[Source]:
    """Return each source as it was told last, in the order of their keys."""
    found: dict[tuple[str, str], Source] = {}
    for each in told:
        key = (each.tenant_id, each.source_id)
        if key not in found or found[key].told_at <= each.told_at:
            found[key] = each
    return [each for _, each in sorted(found.items())]


def name_of(sources: Mapping[str, Source], source_id: str) -> str:
    """Return a source's name for people; the end of its id where no review has told a name yet."""
    source = sources.get(source_id)
    return f"source …{source_id[-6:]}" if source is None else source.name


def names_apart(sources: Mapping[str, Source], source_ids: Collection[str]) -> dict[str, str]:
    """Return id → name of some sources, as `name_of`; where several have one name, each with the end of its id."""
    names = {source_id: name_of(sources, source_id) for source_id in source_ids}
    times = Counter(names.values())
    return {source_id: f"{name} (…{source_id[-6:]})" if times[name] > 1 else name for source_id, name in names.items()}


def named(source: Source | None) -> dict[str, str | None]:
    """Return the fields by which answers of the API name a source."""
    if source is None:
        return {"source_name": None, "platform": None}
    return {"source_name": source.name, "platform": source.platform}
