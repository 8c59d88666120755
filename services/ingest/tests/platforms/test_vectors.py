"""Published and invented payloads of platforms: each through its own adapter, and through every other one.

The names of the cases say which rows are used. A row of a platform that is not built is only sent to the others.
"""

import json
import sys
from datetime import datetime

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.platforms.fields import person_key
from plaudit.ingest.reviews.domain.instructions import (
    AnswerReview,
    AnswerState,
    CreateReview,
    EditReview,
    Ignored,
    Quarantined,
    RemoveReview,
)
from plaudit.ingest.reviews.domain.scales import STARS_SCALE
from plaudit_testing.platforms import FIXTURES, platform_of, source_of
from plaudit_testing.shared import FOLDER, shared

BUILT = {
    "Trustpilot": "trustpilot",
    "Yotpo": "yotpo",
    "Delighted": "delighted",
    "Typeform": "typeform",
    "Yext": "yext",
    "REVIEWS.io": "reviews-io",
    "Judge.me": "judge-me",
    "Okendo": "okendo",
    "Stamped": "stamped",
    "Zendesk": "zendesk",
    "Trusted Shops eTrusted": "trusted-shops",
    "Feefo": "feefo",
    "eKomi": "ekomi",
    "Kiyoh / Klantenvertellen": "kiyoh",
    "WebwinkelKeur": "webwinkelkeur",
    "Bazaarvoice": "bazaarvoice",
    "Booking.com": "booking",
    "G2": "g2",
    "Yelp": "yelp",
    "Trustoo": "trustoo",
    "WooCommerce": "woocommerce",
    "ProvenExpert": "provenexpert",
    "Google Business Profile": "google-business",
    "App Store Connect": "app-store",
    "Google Play": "google-play",
}
"""Names in the vectors → platforms."""
NEWER, OLDER = "platform_payloads_2.json", "review_platform_payloads.json"


def rows_of(name):
    """The rows of a file with a payload that could be posted, each with its place; none where the file is absent."""
    if not (FOLDER / "vectors" / name).exists():
        return []
    rows = json.loads((FOLDER / "vectors" / name).read_text())
    entries = rows["entries"] if isinstance(rows, dict) else rows
    return [(f"{name[:9]}-{place}-{row['platform']}", row) for place, row in enumerate(entries) if "payload" in row]


def body_of(row):
    payload = row["payload"]
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()


def read(platform, body, time_zone="UTC"):
    return ADAPTERS[platform].read(body, replace(source_of(platform), time_zone=time_zone))


CASES = [(case, row) for name in (NEWER, OLDER) for case, row in rows_of(name)]
EXPECTED = [
    (case, row)
    for case, row in CASES
    if row["platform"] in BUILT and "'removed'" in str(row.get("expected")) and not isinstance(row["payload"], str)
]


def instant(text):
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else datetime.fromisoformat(f"{text}+00:00")


def answered_at(answer):
    stated = answer["at"] or answer.get("at_raw")
    return None if stated is None else instant(stated)


def has_answer(expected):
    """Whether an answer is told: one without a text is told only to be there."""
    return bool(expected["answer"]) and expected["answer"]["text"] is not None


def assert_is_expected(platform, item, expected):
    if "ignore" in expected:
        assert isinstance(item, Ignored)
        return
    if expected["removed"]:
        assert isinstance(item, RemoveReview)
        assert item.external_id == expected["id"]
        return
    assert isinstance(item, (CreateReview, EditReview)), item
    content, source = item.content, source_of(platform)
    assert item.external_id == expected["id"] or expected["id"] is None
    scale = STARS_SCALE if content.scale is UNSET else content.scale
    if expected["rating_0_1"] is None:
        assert content.rating is UNSET
    else:
        assert (content.rating - scale.min) / (scale.max - scale.min) == pytest.approx(expected["rating_0_1"], abs=1e-6)
    assert content.published_at == instant(expected["published_at"] or expected["published_at_raw"])
    if expected["edited"]:
        assert content.edited_at == instant(expected["edited_at"])
    elif expected["edited"] is False:
        assert content.edited_at is UNSET
    if has_answer(expected):
        assert content.answer.text == expected["answer"]["text"]
        if (at := answered_at(expected["answer"])) or expected["answer"]["state"] == "published":
            assert content.answer.published_at == at
        assert content.answer.state.value == expected["answer"]["state"]
    else:
        assert content.answer is UNSET or content.answer.state is AnswerState.REMOVED
    assert content.verified in ({UNSET} if expected["verified"] is None else {expected["verified"]})
    author = expected["author"]
    key = person_key(source, email=author["email"], person_id=author["platform_id"])
    assert content.person == (UNSET if key is None else key)
    for reference in ("location_ref", "product_ref", "order_ref"):
        wanted = expected[reference]
        assert wanted is None or any(tag.partition(":")[2] == wanted for tag in content.tags), reference
    assert (content.title or None) == expected["title"]
    assert (content.text or None) == expected["text"]


@pytest.mark.parametrize(("case", "row"), EXPECTED, ids=[case for case, _ in EXPECTED])
def test_a_payload_of_a_built_platform_gives_the_right_review(case, row):
    platform = BUILT[row["platform"]]
    # The answer once more by itself is for versions; the review holds it too.
    items = [item for item in read(platform, body_of(row)) if not isinstance(item, AnswerReview)]
    expected = row["expected"] if isinstance(row["expected"], list) else [row["expected"]]
    sys.stdout.write(f"used: {case}, {row['event']}\n")
    assert len(items) == len(expected)
    for item, wanted in zip(items, expected, strict=True):
        assert_is_expected(platform, item, wanted)


PUBLISHED = {
    ("Trustpilot", "webhook POST body", "genuine fixture"): [("62c8968be77911f2449e9f74", 4), None],
    ("Trustpilot", "webhook POST body", "vendor example"): [("53bffd360000640002975387", 5)],
    ("Yotpo", "webhook POST body, older", "vendor example"): [("219", 5)],
    ("Yotpo", "webhook POST body, newer", "vendor example"): [("219", 5)],
    ("Delighted", "webhook POST body", "vendor example"): [("5435", 9)],
    ("Typeform", "webhook POST body", "test fixture after the vendor example"): [
        ("a3a12ec67a1365927098a606107fac15", UNSET)
    ],
    ("Zendesk", "satisfaction ratings list", "vendor example"): [("zen:ticket:208", 1), ("zen:ticket:209", 1)],
    ("Yext", "review webhook", "vendor schema example"): [None],
}
"""Which reviews the published payloads are. None is what is no review: an unknown event; the rating 0 of a schema."""


def test_a_published_payload_of_a_built_platform_gives_the_right_review():
    shared("vectors", OLDER)
    used = []
    for case, row in rows_of(OLDER):
        wanted = PUBLISHED.get((row["platform"], row["kind"], row["grade"]))
        if wanted is None:
            continue
        used.append((row["platform"], row["kind"], row["grade"]))
        items = read(BUILT[row["platform"]], body_of(row))
        told = [None if isinstance(i, (Quarantined, Ignored)) else (i.external_id, i.content.rating) for i in items]
        sys.stdout.write(f"used: {case}, {row['kind']}\n")
        assert told == wanted
    assert sorted(used) == sorted(PUBLISHED)


@pytest.mark.parametrize("platform", ADAPTERS)
def test_a_payload_of_another_platform_is_refused_as_a_whole(platform):
    shared("vectors", NEWER)
    for case, row in CASES:
        if BUILT.get(row["platform"]) == platform:
            continue
        try:
            items = read(platform, body_of(row))
        except (UnusableBodyError, InvalidJsonError):
            continue
        assert items, case
        assert all(isinstance(item, Quarantined) for item in items), (case, items)


@pytest.mark.parametrize("fixture_of", sorted(ADAPTERS))
@pytest.mark.parametrize("platform", sorted(ADAPTERS))
def test_a_fixture_of_another_platform_is_refused_as_a_whole(platform, fixture_of):
    if platform == fixture_of or {platform, fixture_of} == {"native", "native-v1a"}:
        return
    for fixture in FIXTURES:
        if platform_of(fixture) != fixture_of:
            continue
        try:
            items = read(platform, fixture.read_bytes())
        except UnusableBodyError:
            continue
        assert all(isinstance(item, Quarantined) for item in items), (fixture, items)
