from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.proposals.domain.complaints import Complaint, group
from plaudit.feedback_board.proposals.domain.matching import Said
from plaudit.feedback_board.similar.domain.likeness import Rarity

FEW = Rarity(titles=200, holding={})
START = datetime(2026, 10, 1, tzinfo=UTC)


def complaint(number: int, text: str, person: str | None) -> Complaint:
    said = Said(
        tenant_id="default",
        review_id=UUID(int=number),
        revision=1,
        subject="acme",
        rating=1.0,
        title=None,
        excerpt=text,
    )
    return Complaint(said=said, person_key=person, published_at=START + timedelta(hours=number))


def about_refunds(people: int) -> list[Complaint]:
    return [complaint(each, f"The refund of my deposit is late. Reason {each}", f"p{each}") for each in range(people)]


def test_five_people_make_a_group_and_four_do_not() -> None:
    assert group(about_refunds(4), FEW) == []
    (found,) = group(about_refunds(5), FEW)
    assert found.people == 5
    assert found.members[0].sentence == "The refund of my deposit is late"


def test_one_person_who_complains_five_times_is_one() -> None:
    assert group([complaint(each, "The refund of my deposit is late", "anna") for each in range(9)], FEW) == []


def test_reviews_without_a_person_count_as_nobody() -> None:
    assert group([complaint(each, "The refund of my deposit is late", None) for each in range(9)], FEW) == []


@given(seed=st.integers(0, 1_000), people=st.integers(3, 9))
def test_the_order_of_arrival_does_not_matter(seed: int, people: int) -> None:
    complaints = [*about_refunds(people), *(complaint(100 + n, "Rude driver shouted", f"q{n}") for n in range(people))]
    shuffled = Random(seed).sample(complaints, len(complaints))
    assert group(shuffled, FEW) == group(complaints, FEW)


def test_hostile_complaints_end() -> None:
    texts = ["x" * 5_000, "a b. " * 1_000, ". " * 2_000, "refund deposit " * 300]
    assert group([complaint(each, texts[each % 4], f"p{each}") for each in range(40)], FEW) is not None
