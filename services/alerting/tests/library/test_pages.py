import re

import pytest

from plaudit_testing.signing_in import OURS, signed_in

pytestmark = pytest.mark.postgres

PAGE = "/console/library"
FORM = {
    "language": "en",
    "topic": "cancel_contract",
    "severity": "negative",
    "stance": "Leaving us is as easy as coming.",
    "points": "Name the day on which the contract ends\r\n\r\nSay what is paid back\r\n",
}


@pytest.fixture
async def browser(stage):
    return await signed_in(stage, "library:read", "library:write")


async def added(browser, **members):
    answer = await browser.post(f"{PAGE}/new", data=FORM | members, headers=OURS)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_the_list_shows_all_guidelines_and_the_one_that_fits(browser):
    page = (await browser.get(PAGE)).text
    assert page.count('<span class="pill quiet">shipped</span>') == 20
    assert "New guideline" in page
    fits = (await browser.get(PAGE, params={"topic": "delivery", "severity": "negative", "language": "de"})).text
    assert "Sagen, wo die Sendung jetzt ist" in fits
    assert "The review mentions the topic Delivery. The review is negative." in fits
    assert (await browser.get(PAGE, params={"topic": "nonsense"})).status_code == 200


async def test_a_guideline_is_added_changed_withdrawn_and_restored(browser):
    address = await added(browser)
    page = (await browser.get(address)).text
    assert "Name the day on which the contract ends" in page
    form = FORM | {"points": "Name the day", "number": "1"}
    assert (await browser.post(address, data=form, headers=OURS)).status_code == 303
    assert "Restore revision 1" in (await browser.get(address)).text
    assert (await browser.post(f"{address}/withdraw", headers=OURS)).headers["location"] == PAGE
    assert 'id="withdrawn"' in (await browser.get(PAGE)).text
    assert (await browser.post(f"{address}/restore", data={"number": "1"}, headers=OURS)).status_code == 303
    history = re.findall(r"<b>Revision (\d)</b>", (await browser.get(address)).text)
    assert history == ["4", "3", "2", "1"]


async def test_the_form_of_a_new_guideline_is_empty(browser):
    page = (await browser.get(f"{PAGE}/new")).text
    assert "Add it" in page
    assert "History" not in page


async def test_a_form_of_something_older_saves_nothing(browser):
    address = await added(browser)
    for number, status in (("1", 303), ("1", 412)):
        form = FORM | {"points": f"Name the day {number}", "number": number}
        assert (await browser.post(address, data=form, headers=OURS)).status_code == status


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"points": "Name the day\nDear Tom, it ends"}, "Point 2: “Dear Tom,” greets a customer."),
        ({"points": " "}, "Give 1 to 12 points to cover."),
        ({"stance": ""}, "Say what you stand for"),
        ({"topic": "delivery"}, "There is a guideline for the same topic"),
        ({"language": "xx"}, "There are guidelines in"),
    ],
)
async def test_what_is_refused_is_told_at_its_field_and_what_was_typed_stays(browser, members, words):
    answer = await browser.post(f"{PAGE}/new", data=FORM | members, headers=OURS)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert (FORM | members)["stance"] in answer.text


async def test_a_viewer_reads_and_has_no_button(stage, browser):
    address = await added(browser)
    viewer = await signed_in(stage, "library:read")
    page = (await viewer.get(address)).text
    assert "Name the day on which the contract ends" in page
    assert f'action="{address}' not in page
    assert "New guideline" not in (await viewer.get(PAGE)).text
    assert (await viewer.get(f"{PAGE}/new")).status_code == 403
    assert (await viewer.post(f"{address}/withdraw", headers=OURS)).status_code == 403


async def test_hostile_text_stays_text(browser):
    address = await added(browser, stance="What counts: <img src=x onerror=alert(1)")
    assert "<img src=x" not in (await browser.get(address)).text
    page = (await browser.get(PAGE)).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


async def test_what_is_not_there_is_not_found(browser):
    assert (await browser.get(f"{PAGE}/01956d00-0000-7000-8000-000000000001")).status_code == 404
