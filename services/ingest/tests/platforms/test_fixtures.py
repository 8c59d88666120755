"""Fixtures as samples to send: with ids of their own and times of now, and otherwise as they are."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from plaudit.common.person_keys import hashed_id
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms import fixtures as module
from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.fixtures import (
    UnsuitableFixtureError,
    becomes,
    names,
    renew,
    renewed,
    sample,
    stored,
)
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview
from plaudit_testing.platforms import FIXTURES, FOLDER, platform_of, source_of

NOW = datetime(2026, 11, 28, 12, 0, 30, tzinfo=UTC)
SERVICE = Path(__file__).parents[2]
each_fixture = pytest.mark.parametrize(
    ("platform", "name"), [(platform_of(path), path.stem) for path in FIXTURES], ids=lambda part: part
)


def items_of(platform: str, body: bytes):
    return json.loads(msgspec.json.encode(ADAPTERS[platform].read(body, source_of(platform))))


def times_of(value) -> Iterator[datetime]:
    if isinstance(value, dict):
        for key, member in value.items():
            if key.endswith("_at") and member is not None:
                yield datetime.fromisoformat(member)
            else:
                yield from times_of(member)


def without_ids_and_times(value):
    left_out = {"external_id", "person", "version", "subject", "published_at", "edited_at"}
    if isinstance(value, dict):
        return {key: without_ids_and_times(member) for key, member in value.items() if key not in left_out}
    return value


def test_all_fixtures_are_known_by_their_names():
    assert [(platform, name) for platform in sorted(ADAPTERS) for name in names(platform)] == sorted(
        (platform_of(path), path.stem) for path in FIXTURES
    )
    assert names("nowhere") == []
    assert all(stored(platform_of(path), path.stem) == path.read_bytes() for path in FIXTURES)


@each_fixture
def test_a_renewed_fixture_is_about_other_reviews_and_says_the_same_of_them(platform, name):
    before = items_of(platform, stored(platform, name))
    made = renewed(platform, name, "salt", NOW)
    after = items_of(platform, made.body)
    ids = [(item.get("external_id"), other.get("external_id")) for item, other in zip(before, after, strict=True)]
    assert all(old != new for old, new in ids if old or new)
    assert len({old for old, _ in ids}) == len({new for _, new in ids}), "what was one review is one review"
    assert {*made.ids} <= {new for _, new in ids}
    kept = [item for item in before if item["type"] not in {"quarantined", "ignored"}]
    kept_after = [item for item in after if item["type"] not in {"quarantined", "ignored"}]
    references = ("reference:", "product:")
    for old, new in zip(kept, kept_after, strict=True):
        for item in (old, new):
            content = item.get("content", {})
            content["tags"] = [tag for tag in content.get("tags", []) if not tag.startswith(references)]
        assert without_ids_and_times(old) == without_ids_and_times(new)


@each_fixture
def test_the_newest_time_of_a_renewed_fixture_is_now_or_today_where_no_zone_is_sent(platform, name):
    before = sorted(time for item in items_of(platform, stored(platform, name)) for time in times_of(item))
    after = sorted(
        time for item in items_of(platform, renewed(platform, name, "salt", NOW).body) for time in times_of(item)
    )
    assert [time - after[0] for time in after] == [time - before[0] for time in before], "their distances stay"
    assert all(NOW - timedelta(days=365) < time <= NOW for time in after)
    if after and name in {"created", "create"}:
        assert after[-1] > NOW - timedelta(days=2)


@each_fixture
def test_a_salt_makes_its_own_ids(platform, name):
    made = renewed(platform, name, "one", NOW)
    assert made == renewed(platform, name, "one", NOW)
    assert not {*made.ids} & {*renewed(platform, name, "two", NOW).ids}


@each_fixture
def test_a_fixture_about_one_review_can_be_about_a_given_one(platform, name):
    made = renewed(platform, name, "salt", NOW)
    other = renewed(platform, name, "other", NOW)
    if len(other.ids) == 1:
        given = renewed(platform, name, "salt", NOW, other.ids[0])
        assert given.ids == other.ids
        assert {item.get("external_id") for item in items_of(platform, given.body)} <= {*other.ids, None}
    else:
        with pytest.raises(UnsuitableFixtureError, match="is not about one review"):
            renewed(platform, name, "salt", NOW, "r-1")
    assert made.ids != other.ids or not made.ids


@pytest.mark.parametrize(
    ("platform", "name", "review_id", "said"),
    [
        ("zendesk", "bad", "208", "is none of this platform: it is written zen:ticket:<id>"),
        ("reviews-io", "product", "product-x", "is none of this platform: it is written product-<digits>"),
        ("judge-me", "created", "r-1", "is none of this platform: it is written <digits>"),
        ("native", "created", "\t", "cannot be given"),
    ],
)
def test_an_id_that_the_platform_could_not_send_is_refused(platform, name, review_id, said):
    with pytest.raises(UnsuitableFixtureError, match=said):
        renewed(platform, name, "salt", NOW, review_id)


def test_every_platform_that_tells_of_creations_has_a_sample_that_creates_a_review():
    expected = {path: json.loads(path.with_suffix(".expected.json").read_text()) for path in FIXTURES}
    creating = {platform_of(path) for path, items in expected.items() if "create" in {item["type"] for item in items}}
    creating -= {"custom"}  # whose bodies are of any form
    for platform in sorted(creating):
        made = sample(platform, "salt", NOW)
        items = items_of(platform, made.body)
        types = {item["type"] for item in items}
        assert ("create" in types, "quarantined" in types) == (True, False), platform
        assert {*made.ids} <= {item.get("external_id") for item in items}
    assert len(creating) > 10


def adapter_that(read) -> Adapter:
    """An adapter of a page of reviews."""
    return Adapter(
        platform="x",
        title="X",
        proof=PathToken(),
        known="shape",
        tells=Tells(),
        normalise=lambda body, source: [
            CreateReview(external_id=read(key, row, source), content=Content()) for key, row in body["rows"].items()
        ],
    )


def test_an_id_can_be_the_key_of_an_object():
    body = {"rows": {"70001": {"created": "1772445600"}, "70002": {"created": 1772445600000}}}
    made = renew(adapter_that(lambda key, _row, _source: key), body, "salt", NOW)
    rows = json.loads(made.body)["rows"]
    assert (tuple(rows), len({*rows, "70001", "70002"})) == (made.ids, 4)
    assert [row["created"] for row in rows.values()] == [str(int(NOW.timestamp())), int(NOW.timestamp()) * 1000]
    adapter = adapter_that(lambda key, _row, _source: f"x:{key}")
    given = renew(adapter, {"rows": {"70001": {}}}, "salt", NOW, "x:9")
    assert (given.body, given.ids) == (b'{"rows": {"9": {}}}', ("x:9",))


def test_an_id_that_is_made_here_is_none_to_name():
    adapter = adapter_that(lambda _key, row, source: hashed_id(source.person_key, row["name"]))
    body = {"rows": {"1": {"name": "Ina"}}}
    made = renew(adapter, body, "salt", NOW)
    assert made.ids == ()
    assert json.loads(made.body)["rows"]["1"]["name"].startswith("Ina-")
    with pytest.raises(UnsuitableFixtureError, match="is not about one review with an id of its own"):
        renew(adapter, body, "salt", NOW, "r-1")


def test_an_id_that_cannot_be_made_new_is_refused():
    with pytest.raises(UnsuitableFixtureError, match="cannot be given new ids"):
        renew(adapter_that(lambda *_: "always"), {"rows": {"1": {}}}, "salt", NOW)


def test_of_a_page_of_reviews_one_is_the_sample(monkeypatch: pytest.MonkeyPatch):
    adapter = adapter_that(lambda key, _row, _source: key)
    monkeypatch.setattr(module, "ADAPTERS", {"x": adapter})
    monkeypatch.setattr(module, "names", lambda _platform: ["page"])
    monkeypatch.setattr(module, "stored", lambda _platform, _name: b'{"rows": {"70001": {}, "70002": {}}}')
    assert len(sample("x", "salt", NOW).ids) == 1
    twice = adapter.normalise
    monkeypatch.setattr(module, "ADAPTERS", {"x": replace(adapter, normalise=lambda *each: twice(*each) * 2)})
    assert len(sample("x", "salt", NOW).ids) == 2
    monkeypatch.setattr(module, "stored", lambda _platform, _name: b'{"rows": {}}')
    with pytest.raises(UnsuitableFixtureError, match="no fixture of x creates a review"):
        sample("x", "salt", NOW)


def test_a_renewed_fixture_names_no_subject_below_that_of_the_fixtures():
    assert b"harbourlight/" in stored("native", "array")
    assert b'"harbourlight/' not in renewed("native", "array", "salt", NOW).body
    assert b'"subject": "zen:ticket:208"' in renewed("zendesk", "bad", "salt", NOW).body


def test_what_a_fixture_becomes_is_said_in_words():
    assert becomes("native", "created") == "create"
    assert becomes("zendesk", "page") == "1 create, 1 ignored"


def test_the_wheel_holds_every_fixture(tmp_path: Path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=SERVICE, check=True, capture_output=True, timeout=120)
    [wheel] = tmp_path.glob("*.whl")
    packed = {*zipfile.ZipFile(wheel).namelist()}
    assert {f"plaudit/ingest/platforms/{path.relative_to(FOLDER).as_posix()}" for path in FIXTURES} <= packed
