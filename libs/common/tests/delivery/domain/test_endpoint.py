"""What an endpoint may be made of, and its secrets while one is replaced."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from plaudit.common.delivery.domain.endpoint import MAX_SIGNING, OVERLAP, Draft, Secrets, WrongEndpointError, checked
from plaudit.common.standard_webhooks import new_secret

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DRAFT = Draft(" Ops ", "webhook", "https://hooks.example.com/x", ("clock", "alert", "clock"))


def test_a_draft_is_stored_with_a_clean_name_and_each_topic_once():
    stored = checked(DRAFT, (443,))
    assert (stored.name, stored.topics) == ("Ops", ("alert", "clock"))


def test_pagerduty_has_an_address_of_its_own():
    stored = checked(Draft("P", "pagerduty", "", ("*",), "a" * 32), (443,))
    assert stored.url == "https://events.pagerduty.com/v2/enqueue"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": "email"}, "channel"),
        ({"channel": "fax"}, "channel"),
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"url": ""}, "url"),
        ({"url": "https://hooks.example.com:22/x"}, "url"),
        ({"topics": ()}, "topics"),
        ({"topics": ("Clock!",)}, "topics"),
        ({"topics": tuple(f"t{n}" for n in range(51))}, "topics"),
        ({"secret": "whsec_"}, "secret"),
        ({"secret": "c2hvcnQ="}, "secret"),
        ({"channel": "pagerduty"}, "secret"),
        ({"channel": "pagerduty", "secret": "a" * 31}, "secret"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_field(changes, field):
    with pytest.raises(WrongEndpointError) as refused:
        checked(msgspec.structs.replace(DRAFT, **changes), (443,))
    assert list(refused.value.errors) == [field]


def test_an_address_without_encryption_is_refused_where_nothing_could_be_sent_to_it():
    draft = msgspec.structs.replace(DRAFT, url="http://hooks.example.com/x")
    assert checked(draft, (80,)).url == draft.url
    with pytest.raises(WrongEndpointError) as refused:
        checked(draft, (80,), plain_http=False)
    assert list(refused.value.errors) == ["url"]


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(WrongEndpointError) as refused:
        checked(Draft(" ", "fax", "ftp://x.example", ("Clock!",)), (443,))
    assert list(refused.value.errors) == ["name", "channel", "url", "topics"]


def test_two_secrets_sign_while_one_is_replaced_and_one_afterwards():
    first, second, third = new_secret(), new_secret(), new_secret()
    secrets = Secrets("https://x.example", first)
    assert secrets.signing(NOW) == [first]
    secrets = secrets.rotated(second, NOW)
    assert secrets.signing(NOW) == [second, first]
    assert secrets.signing(NOW + OVERLAP - timedelta(seconds=1)) == [second, first]
    assert secrets.signing(NOW + OVERLAP) == [second]
    assert secrets.rotated(third, NOW + OVERLAP).signing(NOW + OVERLAP) == [third, second]


def test_a_secret_signs_for_its_day_however_often_it_is_replaced_meanwhile():
    first, second, third = new_secret(), new_secret(), new_secret()
    again = NOW + timedelta(hours=1)
    secrets = Secrets("https://x.example", first).rotated(second, NOW).rotated(third, again)
    assert secrets.signing(again) == [third, second, first]
    assert secrets.signing(NOW + OVERLAP) == [third, second]
    assert secrets.signing(again + OVERLAP) == [third]
    stored = msgspec.json.decode(msgspec.json.encode(secrets), type=Secrets)
    assert stored.signing(again) == [third, second, first]


def test_a_secret_is_not_replaced_so_often_that_one_of_them_would_not_sign_for_its_day():
    secrets = Secrets("https://x.example", "0")
    for number in range(1, MAX_SIGNING):
        secrets = secrets.rotated(str(number), NOW + timedelta(hours=number))
    with pytest.raises(WrongEndpointError, match="2026-03-03 10:00 UTC"):
        secrets.rotated("x", NOW + timedelta(hours=5))
    later = NOW + OVERLAP + timedelta(hours=1)
    assert secrets.rotated("x", later).signing(later) == ["x", "4", "3", "2", "1"]
