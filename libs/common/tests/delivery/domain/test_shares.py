"""However many a tenant has waiting, others find room."""

from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.shares import share_of

PLACES = 64


def test_one_tenant_alone_takes_three_quarters():
    assert share_of(PLACES, 0) == 48
    assert share_of(16, 48) == 0


@given(st.integers(1, 200), st.integers(0, 200))
def test_a_share_fits_into_what_is_free(free, held):
    assert 0 <= share_of(free, held) <= free


def test_tenants_that_all_hang_leave_room_for_the_next_one():
    free = PLACES
    for _ in range(3):
        taken = share_of(free, 0)
        assert 1 <= taken < free
        free -= taken
        assert share_of(free, taken) == 0


def test_the_last_place_is_for_who_has_none():
    assert (share_of(1, 0), share_of(1, 1), share_of(0, 0)) == (1, 0, 0)
