"""How hooks find sources: one look-up for all, cached for a while, abandoned in time."""

import asyncio
import gc
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from plaudit.common.db import Database, Role
from plaudit.common.vault import Vault, vault_of
from plaudit.ingest.hooks.api.source_cache import SourceCache
from plaudit.ingest.sources import store
from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

CACHE_SECONDS = 5.0
LONG_SECONDS = 60.0


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """Stands before the store: counts, and holds back or fails when a test says so."""

    def __init__(self) -> None:
        self.times = 0
        self.free = asyncio.Event()
        self.free.set()
        self.error: Exception | None = None
        self._find: Callable = store.find

    async def __call__(self, tx, source_id: UUID, vault: Vault):
        self.times += 1
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return await self._find(tx, source_id, vault)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    made = Asked()
    monkeypatch.setattr(store, "find", made)
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sources(ingest: Ingest, clock: Clock) -> SourceCache:
    database: Database = ingest.resources.database(Role.HOOK)
    return SourceCache(database, vault_of(ingest.resources.settings), CACHE_SECONDS, clock)


async def test_all_who_wait_for_the_same_source_ask_the_database_once(
    sources: SourceCache, source: Source, asked: Asked
):
    found = await asyncio.gather(*(sources.find(source.id, LONG_SECONDS) for _ in range(50)))
    assert asked.times == 1
    assert {cached.source.id for cached in found if cached} == {source.id}


async def test_a_source_is_remembered_for_some_seconds_and_then_asked_for_anew(
    sources: SourceCache, source: Source, asked: Asked, clock: Clock, ingest: Ingest
):
    before = await sources.find(source.id, LONG_SECONDS)
    await ingest.superuser.execute("UPDATE ingest.sources SET name = 'renamed'")
    clock.now += CACHE_SECONDS - 0.001
    assert await sources.find(source.id, LONG_SECONDS) is before
    assert asked.times == 1
    clock.now += 0.001
    after = await sources.find(source.id, LONG_SECONDS)
    assert after is not None
    assert after.source.name == "renamed"
    assert asked.times == 2


async def test_that_there_is_none_is_remembered_too(sources: SourceCache, asked: Asked):
    unknown = str(uuid4())
    assert [await sources.find(unknown, LONG_SECONDS) for _ in range(3)] == [None] * 3
    assert asked.times == 1


async def test_what_is_no_uuid_is_never_asked_for(sources: SourceCache, asked: Asked):
    for text in ("", "x", "0" * 31, "\0", "é" * 32, "'; DROP TABLE sources; --", "0" * 10_000):
        assert await sources.find(text, LONG_SECONDS) is None
    assert asked.times == 0


async def test_an_id_in_another_spelling_is_found_and_an_endless_one_is_not_remembered(
    sources: SourceCache, source: Source, asked: Asked
):
    for spelling in (source.id.upper(), source.id.replace("-", ""), f"{{{source.id}}}", f"urn:uuid:{source.id}"):
        found = await sources.find(spelling, LONG_SECONDS)
        assert found is not None
        assert found.source.id == source.id
    times, endless = asked.times, source.id.replace("-", "-" * 7_000)
    assert UUID(endless) == UUID(source.id)
    assert await sources.find(endless, LONG_SECONDS) is None
    assert asked.times == times
    with pytest.raises(KeyError):
        sources.cached(endless)


async def test_a_failure_is_not_remembered(sources: SourceCache, source: Source, asked: Asked):
    asked.error = ConnectionResetError()
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            await sources.find(source.id, LONG_SECONDS)
    asked.error = None
    assert await sources.find(source.id, LONG_SECONDS) is not None


async def test_who_has_waited_long_enough_leaves_and_the_others_wait_on(
    sources: SourceCache, source: Source, asked: Asked
):
    asked.free.clear()
    patient = asyncio.create_task(sources.find(source.id, LONG_SECONDS))
    with pytest.raises(TimeoutError):
        await sources.find(source.id, 0.01)
    asked.free.set()
    assert await patient is not None
    assert asked.times == 1


async def test_an_answer_that_nobody_waits_for_any_more_disturbs_nobody(
    sources: SourceCache, source: Source, asked: Asked
):
    asked.free.clear()
    asked.error = ConnectionResetError()
    with pytest.raises(TimeoutError):
        await sources.find(source.id, 0.01)
    [task] = sources._loading.values()
    asked.free.set()
    await asyncio.wait({task})
    asked.error = None
    assert await sources.find(source.id, LONG_SECONDS) is not None


async def test_the_memory_is_bounded_and_the_oldest_goes_first(sources: SourceCache, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("plaudit.ingest.hooks.api.source_cache.MAX_CACHED_SOURCES", 3)
    ids = [str(uuid4()) for _ in range(5)]
    for each in ids:
        await sources.find(each, LONG_SECONDS)
    assert list(sources._cache) == ids[2:]


async def test_a_source_that_is_asked_for_anew_drives_no_other_one_out_and_is_the_newest(
    sources: SourceCache, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("plaudit.ingest.hooks.api.source_cache.MAX_CACHED_SOURCES", 3)
    first, second, third = ids = [str(uuid4()) for _ in range(3)]
    for each in ids:
        await sources.find(each, LONG_SECONDS)
    clock.now += CACHE_SECONDS
    await sources.find(second, LONG_SECONDS)
    assert list(sources._cache) == [first, third, second]


async def test_a_failure_that_nobody_waits_for_any_more_is_no_error_of_the_event_loop(
    sources: SourceCache, source: Source, asked: Asked
):
    reported: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
    asked.free.clear()
    asked.error = ConnectionResetError()
    with pytest.raises(TimeoutError):
        await sources.find(source.id, 0.01)
    asked.free.set()
    await until(lambda: not sources._loading, "the database has failed")
    asked.error = None
    gc.collect()
    assert reported == []


async def test_all_who_doubt_what_is_remembered_ask_the_database_once(
    sources: SourceCache, source: Source, asked: Asked, ingest: Ingest
):
    before = await sources.find(source.id, LONG_SECONDS)
    await ingest.superuser.execute("UPDATE ingest.sources SET name = 'renamed'")
    found = await asyncio.gather(*(sources.find_anew(source.id, LONG_SECONDS) for _ in range(50)))
    assert asked.times == 2
    assert {each.source.name for each in found if each} == {"renamed"}
    assert sources.cached(source.id) is not before


async def test_an_answer_that_was_asked_for_before_is_not_new_enough(
    sources: SourceCache, source: Source, asked: Asked, ingest: Ingest
):
    asked.free.clear()
    first = asyncio.create_task(sources.find_anew(source.id, LONG_SECONDS))
    await until(lambda: asked.times == 1, "the database is asked")
    second = asyncio.create_task(sources.find_anew(source.id, LONG_SECONDS))
    await until(lambda: asked.times == 2, "the database is asked again")
    asked.free.set()
    assert {each.source.id for each in await asyncio.gather(first, second) if each} == {source.id}


async def test_a_source_that_is_made_after_it_was_asked_for_is_found_by_whoever_doubts(
    sources: SourceCache, asked: Asked, source: Source
):
    sources._cache[source.id] = (float("inf"), None)
    assert await sources.find(source.id, LONG_SECONDS) is None
    assert await sources.find_anew(source.id, LONG_SECONDS) is not None
    assert await sources.find(source.id, LONG_SECONDS) is not None
    for text in ("", "x", "0" * 10_000):
        assert await sources.find_anew(text, LONG_SECONDS) is None


async def test_a_doubt_that_the_database_does_not_answer_in_time_is_an_error_and_nothing_is_remembered(
    sources: SourceCache, source: Source, asked: Asked
):
    asked.free.clear()
    with pytest.raises(TimeoutError):
        await sources.find_anew(source.id, 0.2)
    with pytest.raises(KeyError):
        sources.cached(source.id)
    asked.free.set()
