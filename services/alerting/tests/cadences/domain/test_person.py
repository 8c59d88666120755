from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.cadences.domain.person import Happening, Told, first_of, tell

START = datetime(2026, 1, 1, tzinfo=UTC)

happenings = st.builds(
    Happening,
    tenant_id=st.just("default"),
    person=st.just("native:c-1"),
    told=st.sampled_from(Told),
    subject=st.sampled_from(["acme", "acme/berlin"]),
    happened_at=st.integers(0, 5).map(lambda n: START + timedelta(days=n)),
    received_at=st.integers(5, 9).map(lambda n: START + timedelta(days=n)),
    stage=st.sampled_from(["new", "active", "lapsed"]),
    renews_at=st.integers(50, 60).map(lambda n: START + timedelta(days=n)),
    channel=st.sampled_from([None, "mail", "sms"]),
)


def state(told):
    known = first_of(told[0])
    for each in told:
        known = tell(known, each)
    return msgspec.structs.replace(known, generation=0)


@given(
    st.lists(happenings, min_size=1, max_size=8).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each)))
)
def test_the_order_of_arrival_and_repeats_do_not_matter(orders):
    told, shuffled = orders
    assert state(told) == state(shuffled) == state([*told, *shuffled])


def test_a_reply_is_a_contact_and_a_response_and_a_review_is_a_response():
    base = Happening(
        tenant_id="default", person="p:1", told=Told.REPLIED, subject="acme", happened_at=START, received_at=START
    )
    replied = tell(first_of(base), base)
    assert (replied.contact_at, replied.response_at) == (START, START)
    reviewed = tell(first_of(base), msgspec.structs.replace(base, told=Told.REVIEWED))
    assert (reviewed.contact_at, reviewed.response_at) == (None, START)
