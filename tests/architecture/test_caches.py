"""No cache of the product grows without end, whatever its keys are: most of them come from outside."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import plaudit

MOST_ENTRIES = 100_000
KNOWN = {
    "plaudit.alerting.alerts.domain.alert._breach_alert_id",
    "plaudit.alerting.answers.domain.likeness._of_word",
    "plaudit.alerting.answers.domain.own_words._folded_common_words",
    "plaudit.alerting.answers.domain.own_words._key",
    "plaudit.alerting.answers.domain.wording.wording",
    "plaudit.alerting.calendars.domain.holiday_lists._base",
    "plaudit.alerting.calendars.domain.holiday_lists._countries",
    "plaudit.alerting.calendars.domain.holiday_lists._country",
    "plaudit.alerting.calendars.domain.zones.zone_named",
    "plaudit.alerting.calendars.domain.zones.zone_names",
    "plaudit.alerting.calendars.store._decoded",
    "plaudit.alerting.clocks.domain.clock._root",
    "plaudit.alerting.clocks.domain.clock.clock_id",
    "plaudit.alerting.people.store._decoded",
    "plaudit.alerting.people.store._present",
    "plaudit.alerting.policies.domain.default.shipped",
    "plaudit.alerting.policies.domain.default.shipped_text",
    "plaudit.alerting.policies.domain.revisions._warnings",
    "plaudit.alerting.policies.store._decoded",
    "plaudit.common.contracts.subjects._is_subject_within",
    "plaudit.common.contracts.subjects.prefixes",
    "plaudit.common.events.partitioning.partition_of",
    "plaudit.common.http.direct._path",
    "plaudit.ingest.imports.jobs.deciding._rules",
    "plaudit.ingest.platforms.fields._is_language",
    "plaudit.ingest.platforms.guides.guide_of",
    "plaudit.ingest.platforms.mapping.compiled",
    "plaudit.ingest.reviews.domain.facts._code",
    "plaudit.ingest.reviews.domain.scales._rate",
    "plaudit.ingest.sorting.domain.language._model",
    "plaudit.ingest.transfer.domain.values._zone",
    "plaudit.scoring.insight.domain.days._numbers",
    "plaudit.scoring.insight.domain.kept._source_id",
    "plaudit.scoring.insight.domain.terms._stem",
    "plaudit.scoring.insight.domain.terms._stemmer",
    "plaudit.scoring.insight.domain.terms._word",
    "plaudit.scoring.insight.domain.terms.names_of",
    "plaudit.scoring.intervals.domain.student",
    "plaudit.scoring.topics.domain.topics_in_one",
}
"""Each is worth its memory on a hot path. Whoever adds one says so here."""
CACHE = type(lru_cache(lambda: None))


def _caches() -> Iterator[tuple[str, Any]]:
    for module in pkgutil.walk_packages(plaudit.__path__, "plaudit."):
        if ".migrations." in module.name or module.name.endswith("__main__"):
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            if isinstance(found, CACHE) and found.__module__ == module.name:
                yield f"{module.name}.{name}", found


def test_every_cached_function_is_known_and_bounded() -> None:
    sizes = {name: cache.cache_parameters()["maxsize"] for name, cache in _caches()}
    assert set(sizes) == KNOWN
    assert {name: size for name, size in sizes.items() if size is None or not 0 < size <= MOST_ENTRIES} == {}
