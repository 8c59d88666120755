import re

import pytest

from plaudit.alerting.policies.schemas import EXAMPLE_YAML
from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
POLICIES = "/console/policies"


async def signed_in(stage, *scopes):
    client = await stage.client(*scopes)
    key = client.headers["authorization"].removeprefix("Bearer ")
    page = stage.plain_client(accept="text/html")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    return page


@pytest.fixture
async def admin(stage):
    return await signed_in(stage)


async def test_the_policy_in_force_is_shown_in_words(admin):
    page = (await admin.get(POLICIES)).text
    assert "In force: <bdi>Shipped policy</bdi>" in page
    assert "It is in force until you activate a revision of your own." in page
    for words in (
        "1–2 stars",
        "24 h around the clock",
        "50 %, 80 %",
        "within 1 min",
        "Statutory notice",
        "72 h around",
    ):
        assert words in page, words


async def put_into_force(admin):
    """Press the button of the page of the first revision, below its preview."""
    page = (await admin.get(f"{POLICIES}/revisions/1")).text
    assert page.index('id="preview"') < page.index("Put it into force")
    [shown] = re.findall(r'name="fingerprint" value="([0-9a-f]{32})"', page)
    data = {"seen": "0", "fingerprint": shown}
    return await admin.post(f"{POLICIES}/revisions/1/activate", data=data, headers=OURS)


async def test_a_revision_that_was_not_previewed_is_not_put_into_force(admin):
    await admin.post(POLICIES, data={"document": EXAMPLE_YAML}, headers=OURS)
    for typed in ({"seen": "0"}, {"seen": "0", "fingerprint": "0" * 32}):
        answer = await admin.post(f"{POLICIES}/revisions/1/activate", data=typed, headers=OURS)
        assert answer.headers["location"] == f"{POLICIES}/revisions/1"
        assert "Preview the revision again and decide." in (await admin.get(answer.headers["location"])).text
    assert "until you activate a revision of your own" in (await admin.get(POLICIES)).text


async def test_a_revision_is_written_previewed_and_put_into_force_without_a_script(admin, seen):
    yesterday = {"published_at": at(-30), "rated_at": at(-30), "received_at": at(-30)}
    await seen(review(**yesterday), review(5.0, **yesterday))
    saved = await admin.post(POLICIES, data={"document": EXAMPLE_YAML.replace("\n", "\r\n")}, headers=OURS)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{POLICIES}/revisions/1")
    page = (await admin.get(saved.headers["location"])).text
    assert "Revision 1 is saved. It is not in force yet." in page
    assert "three-stars is gone (First answer, 3 stars)." in page
    assert "1 review without a class" in page
    assert 'data-label="Late">1<' in page
    done = await put_into_force(admin)
    assert (done.status_code, done.headers["location"]) == (303, POLICIES)
    page = (await admin.get(POLICIES)).text
    assert "In force: <bdi>Shop hours</bdi>" in page
    assert "title: Shop hours" in page
    coverage = (await admin.get(f"{POLICIES}/coverage")).text
    assert "acme/berlin" in coverage
    assert "Without a class" in coverage
    assert 'href="/console/owners">Owners</a>' in coverage


async def test_mistakes_stand_above_the_document_that_was_typed(admin):
    answer = await admin.post(POLICIES, data={"document": EXAMPLE_YAML.replace("24 h", "soon <b>")}, headers=OURS)
    assert answer.status_code == 422
    assert "Not saved: 1 mistake in the document." in answer.text
    assert "Line 7, <code>/classes/0/due_within</code>: a length of time is" in answer.text
    assert "due_within: soon &lt;b&gt;" in answer.text


async def test_a_mistake_that_ends_with_a_question_has_no_full_stop_behind_it(admin):
    answer = await admin.post(POLICIES, data={"document": EXAMPLE_YAML.replace("classes:", "clases:")}, headers=OURS)
    assert "did you mean `classes`?</li>" in answer.text


async def test_what_somebody_else_has_activated_meanwhile_is_not_overwritten(admin):
    await admin.post(POLICIES, data={"document": EXAMPLE_YAML}, headers=OURS)
    await put_into_force(admin)
    for seen in ("0", "", "x", "9" * 30):
        answer = await admin.post(f"{POLICIES}/revisions/shipped/activate", data={"seen": seen}, headers=OURS)
        assert answer.headers["location"] == f"{POLICIES}/revisions/shipped"
        assert (
            "Another revision was put into force since you read it."
            in (await admin.get(answer.headers["location"])).text
        )


async def test_who_may_only_read_sees_no_form_and_can_send_none(stage):
    viewer = await signed_in(stage, "clocks:read")
    assert "<textarea" not in (await viewer.get(POLICIES)).text
    assert "Put it into force" not in (await viewer.get(f"{POLICIES}/revisions/shipped")).text
    for path in (POLICIES, f"{POLICIES}/revisions/shipped/activate"):
        assert (await viewer.post(path, data={"document": EXAMPLE_YAML, "seen": "0"}, headers=OURS)).status_code == 403


async def test_a_form_from_elsewhere_changes_nothing(admin):
    answer = await admin.post(POLICIES, data={"document": EXAMPLE_YAML}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await admin.get(f"{POLICIES}/revisions/1")).status_code == 404


async def test_hostile_text_of_a_source_stays_text(admin, seen):
    source = review().source.__class__(
        id="s", name="<script>alert(1)</script>", platform="native", created_at=review().source.created_at
    )
    await seen(review(5.0, source=source))
    await admin.post(POLICIES, data={"document": EXAMPLE_YAML}, headers=OURS)
    await put_into_force(admin)
    for path in ("coverage", "revisions/1"):
        page = (await admin.get(f"{POLICIES}/{path}")).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
