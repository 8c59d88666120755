"""What the desk, the lists and the files are narrowed by, and that they say how much there is in all."""

import csv
import io
import re

import pytest

from plaudit.alerting.alerts import api as alerts_api
from plaudit.alerting.clocks import api as clocks_api
from plaudit.alerting.desk.pages import shared
from plaudit.alerting.people.commands import save
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.clocks import at, drastic, review
from plaudit_testing.runtime import until
from plaudit_testing.signing_in import signed_in

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

OWNERS = """
people:
  - {address: anna@acme.example, name: Anna}
  - {address: ben@acme.example, name: Ben}
assignments:
  - {subject: acme, owner: anna@acme.example}
  - {subject: acme/berlin, owner: ben@acme.example}
  - {subject: acme/berlin, severity: [drastic], owner: anna@acme.example}
"""


@pytest.fixture
async def three(stage):
    """Three reviews, each of another owner's by subject and severity: Ben's, Anna's by severity, Anna's by subject."""
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await save(tx, "default", OWNERS, Format.YAML, "test")
    await stage.happens(None, review(title="Ben"), at(0), review_id="ben")
    await stage.happens(None, drastic(review(title="Severe")), at(0), review_id="severe")
    await stage.happens(None, review(title="=Wide", subject="acme/hamburg"), at(0), review_id="wide")
    return stage


def names(page):
    return re.findall(r'class="name"[^>]*>([^<]+)<', page)


async def test_the_desk_is_narrowed_by_owner_severity_and_subject(three):
    browser = await signed_in(three, "*")

    async def shown(query):
        return sorted(names((await browser.get(f"/console/desk?{query}")).text))

    assert await shown("") == ["=Wide", "Ben", "Severe"]
    assert await shown("owner=anna@acme.example") == ["=Wide", "Severe"]
    assert await shown("owner=ben@acme.example") == ["Ben"]
    assert await shown("severity=drastic") == ["Severe"]
    assert await shown("subject=acme/hamburg") == ["=Wide"]
    assert await shown("source_id=01956d00-0000-7000-8000-000000000001&metric=first_answer") == [
        "=Wide",
        "Ben",
        "Severe",
    ]


async def test_what_there_is_not_is_said_and_not_passed_over(three):
    browser = await signed_in(three, "*")
    answer = await browser.get("/console/desk?owner=nobody@acme.example&subject=/x/")
    assert answer.status_code == 422
    assert "There is no such one: choose one of the list." in answer.text


async def test_a_list_says_how_many_there_are_in_all(three, monkeypatch):
    monkeypatch.setattr(shared, "ROWS", 2)
    page = (await (await signed_in(three, "*")).get("/console/desk")).text
    assert "2 of 3" in page
    assert "More clocks" in page


async def test_lists_and_files_have_the_same_filters(three):
    api = await three.client()
    for query, wanted in (
        ({"owner": "anna@acme.example"}, {"severe", "wide"}),
        ({"owner": "ben@acme.example"}, {"ben"}),
        ({"severity": "drastic"}, {"severe"}),
        ({"due_before": "2026-03-02T14:00:00Z"}, {"severe"}),
        ({"due_after": "2026-03-02T14:00:00Z"}, {"ben", "wide"}),
        ({"source_id": "01956d00-0000-7000-8000-000000000009"}, set()),
    ):
        listed = (await api.get("/v1/clocks", params=query)).json()["items"]
        assert {each["review_id"] for each in listed} == wanted, query
        written = await api.get("/v1/clocks.csv", params=query)
        assert written.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(written.text, newline="")))
        assert {row["review_id"] for row in rows} == wanted, query
    assert rows == []
    refused = await api.get("/v1/clocks", params={"owner": "nobody@acme.example"})
    assert refused.status_code == 422
    assert "anna@acme.example" in refused.text


async def test_a_file_of_clocks_goes_on_beyond_a_page_and_guards_formulas(three, monkeypatch):
    monkeypatch.setattr(clocks_api, "EXPORTED_ROWS", 2)
    await three.happens(
        None, review(external_id="=1+1", published_at=at(0.1), received_at=at(0.1)), at(0.1), review_id="last"
    )
    text = (await (await three.client()).get("/v1/clocks.csv")).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 4
    assert rows[-1]["external_id"] == "'=1+1"
    assert rows[-1]["due_at"].endswith("Z")
    assert text.splitlines()[0].startswith("id,metric,")


async def test_alerts_are_listed_and_written_by_owner_and_severity(three, monkeypatch):
    monkeypatch.setattr(alerts_api, "EXPORTED_ROWS", 2)  # a file goes on beyond what is read at once
    await three.move_to(at(30))
    await three.fires()
    api = await three.client()
    for query, count in (({}, 3), ({"owner": "anna@acme.example"}, 2), ({"severity": "drastic"}, 1)):
        assert len((await api.get("/v1/alerts", params=query)).json()["items"]) == count
        rows = list(csv.DictReader(io.StringIO((await api.get("/v1/alerts.csv", params=query)).text, newline="")))
        assert len(rows) == count
        assert all(row["raised_at"].endswith("Z") for row in rows)


async def test_a_file_for_people_begins_with_a_byte_order_mark_and_one_for_programs_does_not(three):
    api = await three.client()
    mark = b"\xef\xbb\xbf"
    for path in ("/v1/clocks.csv", "/v1/alerts.csv"):
        plain, marked = await api.get(path), await api.get(path, params={"byte_order_mark": "true"})
        assert marked.content == mark + plain.content
        assert not plain.content.startswith(mark)


async def test_a_change_is_told_to_whoever_follows(three):
    api = await three.client()
    place = (await api.get("/v1/clocks/changes")).json()
    assert place["items"] == []
    await three.happens(None, review(published_at=at(0.2), received_at=at(0.2)), at(0.2), review_id="more")
    found = {"items": []}

    async def is_told():
        nonlocal found
        found = (await api.get("/v1/clocks/changes", params={"after": place["next"]})).json()
        return bool(found["items"])

    await until(is_told, "all older transactions of the server have ended")
    assert len(found["items"]) == 1
    again = (await api.get("/v1/clocks/changes", params={"after": found["next"]})).json()
    assert again == {"items": [], "next": found["next"]}
    stranger = await three.client(tenant="stranger")
    assert (await stranger.get("/v1/clocks/changes", params={"after": place["next"]})).json()["items"] == []
