"""Reports by HTTP, as JSON and as CSV."""

import csv
import io

import pytest

from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Answers
from plaudit_testing.clocks import answered, at, rated, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]
NAMES = ("compliance", "response-times", "effects")


@pytest.fixture
async def api(stage):
    bad = review()
    after = answered(bad, at(2))
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, [stage.record(None, after, at(2)), stage.record(after, rated(after, 4.0, at(9)), at(9))])
    for review_id, hours in (("r-1", 2), ("r-2", 30)):
        await stage.happens(None, bad, at(0), review_id=review_id)
        await stage.happens(bad, answered(bad, at(hours)), at(hours), review_id=review_id)
    await stage.happens(None, bad, at(0), review_id="untold", answers=Answers.UNTOLD)
    await stage.move_to(at(31))
    await stage.fires()
    return await stage.client()


def rows(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_compliance_is_told_with_n_interval_and_what_is_apart(api):
    found = (await api.get("/v1/reports/compliance")).json()
    assert (found["all"]["share"], found["all"]["counted"], found["all"]["unknown"]) == (0.5, 2, 1)
    assert found["all"]["interval"] == pytest.approx({"low": 0.0945, "high": 0.9055}, abs=1e-4)
    assert (found["by"], found["items"], found["all"]["name"]) == ([], [], "all")


async def test_response_times_are_told_in_seconds(api):
    found = (await api.get("/v1/reports/response-times", params={"by": "source"})).json()
    assert (found["all"]["median"]["seconds"], found["all"]["p90"]["seconds"]) == (7_200, 108_000)
    [group] = found["items"]
    assert (group["name"], group["answered"], group["unknown"]) == ("Acme shop", 2, 1)


async def test_effects_are_told_by_bucket_with_a_word_of_caution(api):
    found = (await api.get("/v1/reports/effects")).json()
    by_bucket = {each["bucket"]: each for each in found["all"]["buckets"]}
    assert (by_bucket["within_4_hours"]["recovery"], by_bucket["within_4_hours"]["counted"]) == (1.0, 1)
    assert by_bucket["never"]["counted"] == 0
    assert "no proof" in found["caution"]


async def test_each_report_is_a_file_too_by_parameter_or_by_accept(api):
    compliance = rows(await api.get("/v1/reports/compliance", params={"by": "month", "format": "csv"}))
    assert [(row["month"], row["name"], row["counted"]) for row in compliance] == [("2026-03-01", "March 2026", "2")]
    [times] = rows(await api.get("/v1/reports/response-times", headers={"accept": "text/csv"}))
    assert (times["name"], times["median_seconds"], times["answered"]) == ("all", "7200.0", "2")
    effects = rows(await api.get("/v1/reports/effects", params={"by": ["source", "month"], "format": "csv"}))
    assert len(effects) == 7
    assert {row["name"] for row in effects} == {"Acme shop, March 2026"}
    lines = await api.get("/v1/reports/compliance", params={"format": "jsonl"})
    assert lines.text.count("\n") == 1


async def test_what_has_to_be_looked_up_is_a_list_and_a_file(api):
    window = {"from": at(0).isoformat(), "to": at(100).isoformat()}
    listed = (await api.get("/v1/reports/to-look-up", params=window)).json()["items"]
    assert [(each["review_id"], each["source_name"]) for each in listed] == [("untold", "Acme shop")]
    [row] = rows(await api.get("/v1/reports/to-look-up/export", params=window))
    assert (row["clock_id"], row["url"]) == (listed[0]["clock_id"], "https://shop.example/reviews/r-1")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, "/from"),
        ({"from": "2000-01-01T00:00:00Z"}, "/from"),
        ({"by": ["week", "month", "source"]}, "/by"),
        ({"zone": "Europe/Atlantis"}, "/zone"),
        ({"by": "colour"}, "/by/0"),
        ({"depth": "7"}, "/depth"),
    ],
)
async def test_what_is_against_the_rules_is_refused_with_its_place(api, name, params, pointer):
    refused = await api.get(f"/v1/reports/{name}", params=params)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


async def test_effects_have_no_owner(api):
    refused = await api.get("/v1/reports/effects", params={"by": "owner"})
    assert "cannot be told by `owner`" in refused.json()["errors"][0]["detail"]


async def test_too_many_groups_are_refused_and_not_cut(api, monkeypatch):
    monkeypatch.setattr("plaudit.alerting.reports.domain.asked.MAX_GROUPS", 0)
    for name in NAMES:
        refused = await api.get(f"/v1/reports/{name}", params={"by": "source"})
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems#too-much-for-a-report")


async def test_too_many_clocks_are_refused(api, monkeypatch):
    monkeypatch.setattr("plaudit.alerting.reports.domain.asked.MAX_CLOCKS", 1)
    refused = await api.get("/v1/reports/response-times")
    assert refused.json()["type"] == "/problems#too-much-for-a-report"


async def test_only_those_who_may_read_clocks_may_read_reports(stage, api):
    stranger = await stage.client("reviews:read")
    for name in (*NAMES, "to-look-up", "to-look-up/export"):
        assert (await stranger.get(f"/v1/reports/{name}")).status_code == 403
