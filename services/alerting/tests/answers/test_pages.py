import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.answers.domain.check import Finding, Kind, Span
from plaudit.alerting.answers.pages import marked
from plaudit_testing.clocks import at
from plaudit_testing.drafts import TEMPLATE, TEMPLATE_OF_ANOTHER
from plaudit_testing.signing_in import OURS, signed_in

PAGE = "/console/answers/check"
FORM = {"text": TEMPLATE_OF_ANOTHER.replace("\n", "\r\n"), "language": "en", "review": "The hinge broke.",
        "rating": "1", "author": "Miller", "product": "Aurora X5"}  # fmt: skip


@given(
    st.text(max_size=20),
    st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=3), max_size=3),
)
def test_the_pieces_of_a_marked_draft_are_the_draft(text, spans):
    findings = [
        Finding(
            kind=Kind.HARD_TO_READ,
            spans=tuple(Span(*sorted((min(a, len(text)), min(b, len(text))))) for a, b in each),
            message="",
            advice="",
        )
        for each in spans
    ]
    pieces = list(marked(text, findings))
    assert "".join(piece for piece, _ in pieces) == text
    covered = {place for each in findings for span in each.spans for place in range(span.start, span.end)}
    assert sum(len(piece) for piece, numbers in pieces if numbers) == len(covered)


@pytest.mark.postgres
class TestPage:
    async def test_the_form_is_shown_with_how_individual_answers_are(self, stage, answers):
        browser = await signed_in(stage, "reviews:read")
        empty = (await browser.get(PAGE)).text
        assert "Nothing was checked yet." in empty
        assert "individual, of" not in empty
        await answers(TEMPLATE, 1)
        assert "100%" in (await browser.get(PAGE)).text

    async def test_findings_stand_beside_the_marked_text(self, stage, answers):
        await answers(TEMPLATE, 1)
        await stage.move_to(at(2))
        page = (await (await signed_in(stage, "reviews:read")).post(PAGE, data=FORM, headers=OURS)).text
        assert "The same text again" in page
        marks = [unescape(each) for each in re.findall(r"<mark>(.*?)</mark><sup>1</sup>", page, re.DOTALL)]
        assert any(each.startswith("Thank you for your review of the Aurora X5") for each in marks)
        assert "Dear Sarah, Thank you" in page
        assert "Not judged" not in page

    async def test_hostile_text_stays_text(self, stage):
        form = FORM | {"text": "<script>alert(1)</script> you failed to & \u202e read it"}
        page = (await (await signed_in(stage, "reviews:read")).post(PAGE, data=form, headers=OURS)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<mark>you failed to</mark>" in page

    async def test_what_cannot_be_checked_is_told_at_its_field(self, stage):
        form = FORM | {"text": "  ", "language": "xx", "rating": "9", "author": "x" * 201, "review": "x" * 5_001}
        answer = await (await signed_in(stage, "reviews:read")).post(PAGE, data=form, headers=OURS)
        assert answer.status_code == 422
        for words in ("1 to 10,000 characters", "5,000 characters", "200 characters", "a language of", "a rating of"):
            assert words in answer.text

    async def test_who_may_not_read_reviews_does_not_see_it(self, stage):
        assert (await (await signed_in(stage, "clocks:read", "alerts:read")).get(PAGE)).status_code == 403

    async def test_a_form_of_another_site_is_refused(self, stage):
        browser = await signed_in(stage, "reviews:read")
        headers = OURS | {"sec-fetch-site": "cross-site"}
        assert (await browser.post(PAGE, data=FORM, headers=headers)).status_code == 403
