"""Every adapter: its folder, its fixtures, and what it does with noise."""

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.strict_json import loads
from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.platforms.adapter import MAX_EVENTS, Tells
from plaudit.ingest.reviews.domain.instructions import Ignored, Item, Quarantined
from plaudit_testing.platforms import FIXTURES, FOLDER, platform_of, source_of

FOLDERS = sorted(path.parent for path in FOLDER.glob("*/adapter.py"))


def test_every_folder_is_a_registered_platform():
    assert sorted(path.name.replace("_", "-") for path in FOLDERS) == sorted(ADAPTERS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_adapter_has_fixtures_and_a_document(folder):
    assert [path for path in FIXTURES if path.is_relative_to(folder)]
    assert (folder / "doc.md").read_text().startswith("# ")


@pytest.mark.parametrize("platform", ADAPTERS)
def test_every_adapter_says_how_well_it_is_known_and_what_it_can_tell(platform):
    adapter = ADAPTERS[platform]
    assert adapter.title
    assert adapter.known in {"recorded", "documented", "shape"}
    told = {name: getattr(adapter.tells, name) for name in Tells.__dataclass_fields__ if name != "removals_are_final"}
    assert set(told.values()) <= {"push", "poll", "file", "never"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_an_adapter_is_short_for_the_readers_are_shared(folder):
    limit = {"native": 380, "trustpilot": 225}.get(folder.name, 150)
    assert len((folder / "adapter.py").read_text().splitlines()) < limit


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_fixture_becomes_what_stands_beside_it(fixture):
    platform = platform_of(fixture)
    instructions = ADAPTERS[platform].normalise(loads(fixture.read_bytes()), source_of(platform))
    assert json.loads(msgspec.json.encode(instructions)) == json.loads(
        fixture.with_suffix(".expected.json").read_text()
    )


def enumerate_texts(events):
    return ((str(number), event) for number, event in enumerate(events))


BATCHES = {
    "native": lambda events: events,
    "native-v1a": lambda events: events,
    "trustpilot": lambda events: {"events": events},
    "reviews-io": lambda events: {"store": "x", "reviews": {"data": events}},
    "zendesk": lambda events: {"satisfaction_ratings": events},
    "trusted-shops": lambda events: {"items": events, "paging": {}},
    "feefo": lambda events: {"reviews": events, "summary": {}},
    "kiyoh": lambda events: {"reviews": events, "locationId": "1"},
    "webwinkelkeur": lambda events: {"ratings": events, "total": 1},
    "bazaarvoice": lambda events: {"Results": events, "TotalResults": 1},
    "booking": lambda events: {"data": {"reviews": events}, "meta": {}},
    "g2": lambda events: {"data": [{**event, "type": "reviews"} for event in events], "links": {}},
    "yelp": lambda events: {"object": "business", "time": "", "data": {"updates": events}},
    "trustoo": lambda events: {"list": [{**event, "my_shopify_domain": "x"} for event in events]},
    "provenexpert": lambda events: {"status": "success", "ratings": dict(enumerate_texts(events))},
    "google-business": lambda events: {"reviews": events},
    "google-play": lambda events: {"reviews": events},
}
"""Of the platforms that send several events in one body."""


@pytest.mark.parametrize("platform", BATCHES)
def test_a_delivery_holds_at_most_a_thousand_events(platform):
    with pytest.raises(UnusableBodyError, match="at most 1,000"):
        ADAPTERS[platform].normalise(BATCHES[platform]([{}] * (MAX_EVENTS + 1)), source_of(platform))


@pytest.mark.parametrize("platform", BATCHES)
def test_a_delivery_without_events_is_none_to_refuse(platform):
    assert ADAPTERS[platform].normalise(BATCHES[platform]([]), source_of(platform)) == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_byte_order_mark_in_front_of_a_body_is_skipped(fixture, mark):
    platform = platform_of(fixture)
    source, body = source_of(platform), fixture.read_bytes()
    expected = ADAPTERS[platform].normalise(loads(body), source)
    assert ADAPTERS[platform].read(mark + body, source) == expected


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_half_a_surrogate_pair_in_a_text_costs_nothing_else(fixture):
    platform = platform_of(fixture)
    source = source_of(platform)
    body = json.dumps(json.loads(fixture.read_text())).replace('"text": "', '"text": "\\ud83d').encode()
    mended = ADAPTERS[platform].normalise(loads(body.replace(b"\\ud83d", "\ufffd".encode())), source)
    assert ADAPTERS[platform].read(body, source) == mended


@pytest.mark.parametrize("platform", BATCHES)
def test_a_thousand_events_keep_their_places(platform):
    instructions = ADAPTERS[platform].normalise(BATCHES[platform]([{}] * MAX_EVENTS), source_of(platform))
    assert len(instructions) == MAX_EVENTS


def mutations(value):
    """Yield the body with each of its members taken away, and with each turned into something else."""
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        for other in (None, [], {}, "", "x", -1, 1e300, True):
            yield {**value, key: other} if isinstance(value, dict) else [*value[:key], other, *value[key + 1 :]]
        if isinstance(value, dict):
            yield {name: kept for name, kept in value.items() if name != key}
        for inner in mutations(member) if isinstance(member, (dict, list)) else ():
            yield {**value, key: inner} if isinstance(value, dict) else [*value[:key], inner, *value[key + 1 :]]


def is_read_or_refused(platform, body):
    """Whether a body is unusable as a whole, or each of its events is an instruction or a reason."""
    try:
        instructions = ADAPTERS[platform].normalise(body, source_of(platform))
    except UnusableBodyError:
        return True
    return all(isinstance(instruction, get_args(Item)) for instruction in instructions)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_damaged_fixture_is_read_or_refused_and_never_fails(fixture):
    platform = platform_of(fixture)
    assert all(is_read_or_refused(platform, body) for body in mutations(json.loads(fixture.read_text())))


NOISE = [
    *(
        None,
        True,
        0,
        -1,
        2**70,
        0.5,
        -0.0,
        1e300,
        "",
        " ",
        "x",
        "é",
        "\0",
        "💥",
        "review",
        [],
        {},
        [[]],
        [{}],
        {"": {}},
    ),
    *(
        [None, 1],
        ["x", {}],
        {"id": "x"},
        {"id": [], "data": {"id": None}},
        [[[{"type": {}}]]],
        {"events": {"events": []}},
    ),
]
KEYS = ["", "id", "type", "data", "events", "eventName", "eventData", "x"]
scraps = st.sampled_from(NOISE)
inner = scraps | st.lists(scraps, max_size=3) | st.dictionaries(st.sampled_from(KEYS), scraps, max_size=3)
bodies = inner | st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)


@given(platform=st.sampled_from(sorted(ADAPTERS)), body=bodies)
def test_noise_becomes_reasons(platform, body):
    try:
        instructions = ADAPTERS[platform].normalise(body, source_of(platform))
    except UnusableBodyError:
        return
    assert all(isinstance(instruction, (Quarantined, Ignored)) for instruction in instructions)
