"""What an adapter says of a payload that it cannot read holds nothing of it, wherever a person stands in it."""

import json
from typing import Any

import msgspec
import pytest

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.reviews.domain.instructions import Ignored, Quarantined
from plaudit_testing.canaries import ADDRESS, personal, planted, told
from plaudit_testing.platforms import FIXTURES, platform_of, source_of

each_fixture = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{platform_of(path)}-{path.stem}")


def said(platform: str, body: bytes) -> list[str]:
    """What is told to the platform and to whoever reads the log of deliveries."""
    source = source_of(platform)
    try:
        items = ADAPTERS[platform].of(source.mapping).read(body, source)
    except (InvalidJsonError, UnusableBodyError) as error:
        return [str(error)]
    return [item.reason for item in items if isinstance(item, (Quarantined, Ignored))]


@each_fixture
def test_no_reason_holds_what_stands_in_a_payload(fixture: Any):
    document = json.loads(fixture.read_bytes())
    found = []
    for path, body in planted(document):
        found += [(path, reason) for reason in said(platform_of(fixture), body) if told(reason)]
    assert found == []


@each_fixture
def test_what_is_known_of_a_person_is_no_part_of_what_is_stored_of_a_review(fixture: Any):
    platform = platform_of(fixture)
    source = source_of(platform)
    for path, body in personal(json.loads(fixture.read_bytes())):
        try:
            items = ADAPTERS[platform].of(source.mapping).read(body, source)
        except (InvalidJsonError, UnusableBodyError):
            continue
        assert told(msgspec.json.encode(items).decode(), (ADDRESS,)) == [], path
