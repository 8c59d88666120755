"""Whether answers are told at a source: by what its platform tells, its mapping, and whether it is asked."""

import json

import pytest

from plaudit.ingest.platforms import ADAPTERS, answers_depend_on_polls, answers_of
from plaudit.ingest.sources.domain import Answers

PROOF = {"kind": "path-token"}
NEEDED = {"id": "id", "rating": "rating", "published_at": "at"}


def mapping(**more):
    return json.dumps({"fields": {**NEEDED, **more}, "proof": PROOF})


def told(platform, mapping=None):
    """While it is not asked, and once it is."""
    return tuple(answers_of(platform, mapping, is_polled=polled).value for polled in (False, True))


@pytest.mark.parametrize("platform", ["native", "yext", "podium", "stamped"])
def test_a_platform_that_posts_answers_tells_them(platform):
    assert told(platform) == ("told", "told")


@pytest.mark.parametrize("platform", ["trustpilot", "google-business", "google-play", "app-store"])
def test_a_platform_that_is_asked_tells_them_once_it_is(platform):
    assert told(platform) == ("untold", "polled")
    assert answers_depend_on_polls(platform)


def test_what_a_platform_is_asked_by_others_holds_its_answers():
    assert told("kiyoh") == ("polled", "polled")
    assert not answers_depend_on_polls("kiyoh")


@pytest.mark.parametrize("platform", ["delighted", "g2", "survey"])
def test_a_platform_that_never_tells_them_leaves_them_untold(platform):
    assert told(platform) == ("untold", "untold")


def test_a_custom_source_tells_them_where_its_mapping_finds_them():
    assert told("custom", mapping()) == ("untold", "untold")
    assert told("custom", mapping(answer="reply")) == ("told", "told")


def test_what_this_version_cannot_read_tells_nothing():
    assert told("of-another-version") == ("untold", "untold")
    assert told("custom", "[]") == told("custom") == ("untold", "untold")


def test_each_platform_is_one_of_these():
    ways = {platform: adapter.tells.answers for platform, adapter in ADAPTERS.items()}
    for platform, way in ways.items():
        if platform != "custom":
            assert (answers_of(platform, None, is_polled=True) is Answers.UNTOLD) == (way in {"never", "file"})
