"""The console's page of silences."""

import pytest

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
SILENCES = "/console/silences"


@pytest.fixture
async def admin(stage):
    client = await stage.client()
    key = client.headers["authorization"].removeprefix("Bearer ")
    page = stage.plain_client(accept="text/html")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    return page


async def test_a_subject_is_silenced_and_the_silence_is_ended_without_a_script(stage, admin):
    assert "Nothing was silenced." in (await admin.get(SILENCES)).text
    form = {"subject": "acme/berlin", "hours": "24", "reason": "<b>Moving</b>"}
    begun = await admin.post(SILENCES, data=form, headers=OURS)
    assert (begun.status_code, begun.headers["location"]) == (303, SILENCES)
    page = (await admin.get(SILENCES)).text
    assert "&lt;b&gt;Moving&lt;/b&gt;" in page
    assert "holds" in page
    [row] = await stage.rows("SELECT id FROM silences")
    ended = await admin.post(f"{SILENCES}/{row['id']}/end", headers=OURS)
    assert ended.status_code == 303
    assert "ended early" in (await admin.get(SILENCES)).text


async def test_what_is_wrong_stands_beside_its_field(admin):
    refused = await admin.post(SILENCES, data={"subject": "No Subject", "hours": "5", "reason": " "}, headers=OURS)
    assert refused.status_code == 422
    for words in ("A subject is a path", "Choose one.", "Write 1 to 500 characters."):
        assert words in refused.text, words
    assert "Nothing was silenced." in refused.text
