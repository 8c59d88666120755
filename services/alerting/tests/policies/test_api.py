import json
from datetime import timedelta

import pytest

from plaudit.alerting.policies import store
from plaudit.alerting.policies.domain.conditions import facts_of
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.schemas import EXAMPLE, EXAMPLE_YAML
from plaudit_testing.clocks import answered, at, drastic, review

pytestmark = pytest.mark.postgres

REVISIONS = "/v1/policies/revisions"
YAML = {"content-type": "application/yaml"}


@pytest.fixture
async def api(stage):
    return await stage.client()


async def saved(api, text=EXAMPLE_YAML):
    answer = await api.post(REVISIONS, content=text.encode(), headers=YAML)
    assert answer.status_code == 201, answer.text
    return answer.json()["name"]


async def fingerprint_of(api, name):
    return (await api.post(f"{REVISIONS}/{name}/preview")).json()["fingerprint"]


async def activated(api, name, **headers):
    found = await api.post(f"{REVISIONS}/{name}/preview")
    previewed = {"fingerprint": found.json()["fingerprint"]} if found.is_success else {"skip_preview": True}
    return await api.post(f"{REVISIONS}/{name}/activate", json=previewed, headers=headers)


async def test_a_revision_is_activated_as_it_was_previewed_or_without_a_preview_on_request(api):
    name = await saved(api)
    path = f"{REVISIONS}/{name}/activate"
    assert (await api.post(path)).status_code == 400, "it needs a body"
    for body in ({}, {"skip_preview": False}):
        refused = await api.post(path, json=body)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems#preview-required")
        assert f"{REVISIONS}/{name}/preview" in refused.json()["detail"]
    previewed = await fingerprint_of(api, name)
    assert (await api.post(path, json={"fingerprint": "another"})).status_code == 412
    done = await api.post(path, json={"fingerprint": previewed})
    assert (done.status_code, done.json()["revision"]["name"]) == (200, name)
    again = await api.post(path, json={"fingerprint": previewed})
    assert (again.status_code, again.json()) == (200, done.json()), "sent again after no answer, it is the same"
    back = await api.post(f"{REVISIONS}/shipped/activate", json={"skip_preview": True})
    assert (back.status_code, back.json()["revision"]["name"]) == (200, "shipped")


async def test_the_audit_trail_says_whether_a_preview_was_looked_at(api):
    name = await saved(api)
    for body in ({"fingerprint": await fingerprint_of(api, name)}, {"skip_preview": True}):
        revision = name if "fingerprint" in body else "shipped"
        assert (await api.post(f"{REVISIONS}/{revision}/activate", json=body)).status_code == 200
    entries = (await api.get("/v1/audit", params={"about": "policy"})).json()["items"]
    told = [each["after"] for each in entries if each["kind"] == "policy.activated"]
    assert told == [
        {"in_force": "shipped", "preview": "skipped"},
        {"in_force": name, "preview": "looked at"},
    ]


async def test_a_preview_of_before_another_calendar_or_another_activation_activates_nothing(api):
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    week = {day: ["09:00-17:00"] for day in days}
    made = await api.put("/v1/calendars/office", json={"zone": "Europe/Berlin", "week": week})
    assert made.status_code == 200, made.text
    first = await saved(api, EXAMPLE_YAML.replace("calendar: always", "calendar: office"))
    previewed = await fingerprint_of(api, first)
    longer = {"zone": "Europe/Berlin", "week": week | {"tuesday": ["08:00-17:00"]}}
    assert (await api.put("/v1/calendars/office", json=longer)).status_code == 200
    refused = await api.post(f"{REVISIONS}/{first}/activate", json={"fingerprint": previewed})
    assert refused.status_code == 412
    assert "Preview the revision again" in refused.json()["detail"]
    second = await saved(api)
    early, previewed = await fingerprint_of(api, first), await fingerprint_of(api, second)
    assert (await api.post(f"{REVISIONS}/{second}/activate", json={"fingerprint": previewed})).status_code == 200
    assert (await api.post(f"{REVISIONS}/{first}/activate", json={"fingerprint": early})).status_code == 412
    assert (await activated(api, first)).status_code == 200


async def test_the_shipped_policy_is_in_force_until_another_is_activated(stage, api):
    answer = await api.get("/v1/policies")
    policy = answer.json()
    assert (policy["revision"]["name"], policy["activated_at"], answer.headers["etag"]) == ("shipped", None, '"0"')
    assert policy["revision"]["classes"][0]["target_seconds"] == 4 * 3600
    name = await saved(api)
    assert (await api.get("/v1/policies")).json() == policy
    assert (await activated(api, name)).status_code == 200
    policy = (await api.get("/v1/policies")).json()
    assert (policy["revision"]["name"], policy["revision"]["title"]) == ("1", "Shop hours")
    assert policy["activated_by"].startswith("key:")
    assert (await activated(api, "shipped")).json()["revision"]["name"] == "shipped"
    listed = (await api.get("/v1/policies/activations")).json()["items"]
    assert [each["revision"] for each in listed] == ["shipped", "1"]


async def test_yaml_and_json_make_the_same_classes(api):
    first = (await api.post(REVISIONS, content=EXAMPLE_YAML.encode(), headers=YAML)).json()
    second = (await api.post(REVISIONS, json=EXAMPLE)).json()
    assert (first["name"], second["name"]) == ("1", "2")
    assert (first["format"], second["format"]) == ("yaml", "json")
    assert first["classes"] == second["classes"]
    assert (first["document"], json.loads(second["document"])) == (EXAMPLE_YAML, EXAMPLE)


async def test_the_same_document_again_makes_no_revision(api):
    assert [await saved(api), await saved(api)] == ["1", "1"]
    assert await saved(api, EXAMPLE_YAML.replace("Shop hours", "Ours")) == "2"
    assert await saved(api) == "3"


async def test_mistakes_are_told_with_their_places(api):
    wrong = EXAMPLE_YAML.replace("24 h", "a day").replace("rating", "ratin")
    answer = await api.post(REVISIONS, content=wrong.encode(), headers=YAML)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("#wrong-policy")
    assert [(each["in"], each["pointer"]) for each in problem["errors"]] == [
        ("body", "/classes/0/when/ratin"),
        ("body", "/classes/0/due_within"),
    ]
    assert problem["errors"][0]["detail"] == "Line 6: there is no such field; did you mean `rating`?"
    assert (await api.get(REVISIONS)).json()["items"] == []


@pytest.mark.parametrize(
    ("content", "headers", "status", "slug"),
    [
        (b"a: 1", {"content-type": "text/plain"}, 415, "neither-json-nor-yaml"),
        (b"a: 1", {}, 415, "neither-json-nor-yaml"),
        (b"a: \xff", YAML, 400, "unreadable-text"),
        (b"{", {"content-type": "application/json"}, 422, "wrong-policy"),
        (b"", YAML, 422, "wrong-policy"),
        (b"x" * 300_000, YAML, 413, "body-too-large"),
    ],
)
async def test_bodies_that_are_no_documents_are_refused(api, content, headers, status, slug):
    answer = await api.post(REVISIONS, content=content, headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (status, slug), answer.text


async def test_two_who_decide_at_once_do_not_overwrite_each_other(api):
    one, two = await saved(api), await saved(api, EXAMPLE_YAML.replace("Shop hours", "Ours"))
    tag = (await api.get("/v1/policies")).headers["etag"]
    first = await activated(api, one, **{"if-match": tag})
    assert first.status_code == 200
    assert (await activated(api, two, **{"if-match": tag})).status_code == 412
    assert (await activated(api, two, **{"if-match": first.headers["etag"]})).status_code == 200


async def test_a_revision_that_there_is_not_is_not_found(api):
    for answer in (
        await api.get(f"{REVISIONS}/7"),
        await activated(api, "7"),
        await api.post(f"{REVISIONS}/7/preview"),
    ):
        assert answer.status_code == 404
    assert (await api.get(f"{REVISIONS}/0")).status_code == 422
    await saved(api)
    answer = await api.get(f"{REVISIONS}/1", params={"compared_with": "9"})
    assert answer.status_code == 404


async def test_what_a_revision_differs_in_is_said_in_words(api):
    await saved(api)
    await saved(api, EXAMPLE_YAML.replace("24 h", "12 h").replace("to: 2", "to: 3"))
    answer = await api.get(f"{REVISIONS}/2", params={"compared_with": "1"})
    assert answer.json()["changes"] == [
        "bad applies to 1–3 stars, and was 1–2 stars.",
        "bad is due within 12 h around the clock, and was 24 h around the clock.",
    ]


async def test_revisions_are_listed_page_by_page(api):
    for number in range(3):
        await saved(api, EXAMPLE_YAML.replace("Shop hours", f"Ours {number}"))
    first = (await api.get(REVISIONS, params={"limit": 2})).json()
    second = (await api.get(REVISIONS, params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["name"] for each in first["items"] + second["items"]] == ["3", "2", "1"]
    assert second["next"] is None


async def test_who_may_read_may_not_change(stage):
    reader = await stage.client("clocks:read")
    assert (await reader.get("/v1/policies")).status_code == 200
    assert (await reader.post(REVISIONS, json=EXAMPLE)).status_code == 403
    assert (await activated(reader, "shipped")).status_code == 403


async def test_another_tenant_has_its_own(stage, api):
    await activated(api, await saved(api))
    other = await stage.client(tenant="other")
    assert (await other.get("/v1/policies")).json()["revision"]["name"] == "shipped"
    assert (await other.get(f"{REVISIONS}/1")).status_code == 404
    assert await saved(other, EXAMPLE_YAML.replace("Shop hours", "Others")) == "1"


async def test_clocks_are_matched_by_what_is_in_force_and_pinned_to_what_was(stage, api):
    await activated(api, await saved(api))
    bad = facts_of(review())
    async with stage.worker.transaction() as tx:
        policies = await store.load(tx, {"default", "other"})
    pinned = policies.matching("default", Metric.FIRST_ANSWER, bad).ref
    assert pinned == ("own", 1, "bad")
    assert policies.matching("other", Metric.FIRST_ANSWER, bad).ref == ("shipped", 1, "one-or-two-stars")
    await activated(api, "shipped")
    async with stage.worker.transaction() as tx:
        policies = await store.load(tx, {"default"})
    assert policies.matching("default", Metric.FIRST_ANSWER, bad).ref == ("shipped", 1, "one-or-two-stars")
    assert policies.pinned("default", pinned).target_seconds == 24 * 3600


async def test_a_preview_counts_clocks_and_late_ones_of_thirty_days(stage, api, seen):
    in_time, late = answered(review(), at(20)), answered(review(), at(30))
    old = at(-24 * 40)
    await seen(
        in_time,
        late,
        review(),
        review(published_at=at(48), received_at=at(48)),
        review(5.0),
        drastic(review()),
        review(published_at=old, rated_at=old, received_at=old),
    )
    await stage.move_to(at(50))
    await saved(api)
    found = (await api.post(f"{REVISIONS}/1/preview")).json()
    [bad] = found["classes"]
    assert bad == {"name": "bad", "metric": "first_answer", "started": 5, "late": 3, "open": 1, "unknown": 0}
    assert (found["reviews"], found["without_class"], found["is_cut"]) == (6, 1, False)
    assert [(each["rating"], each["severity"]) for each in found["examples"]] == [(5.0, "normal")]
    assert "bad is new: First answer for 1–2 stars, due within 24 h around the clock." in found["changes"]


async def test_a_preview_does_not_guess_what_reviews_do_not_tell(stage, api, seen):
    await seen(answered(review(), at(2)), answered(review(), at(-1)))
    found = (await api.post(f"{REVISIONS}/shipped/preview")).json()
    classes = {each["name"]: (each["started"], each["late"]) for each in found["classes"]}
    assert found["without_clock"] == 1
    assert classes["follow-up"] == (1, None)
    assert classes["next-answer"] == classes["urgent-update"] == classes["data-breach"] == (None, None)


async def test_coverage_lists_what_no_class_is_for(stage, api, seen, all_owned):
    await seen(review(), review(5.0), review(5.0, subject="acme/hamburg"), review(1.0, kind="nps"))
    await seen(review(4.0), tenant="other")
    assert (await api.get("/v1/coverage")).json()["items"] == []
    await activated(api, await saved(api))
    found = (await api.get("/v1/coverage")).json()
    assert (found["seen"], found["reviews"]) == (3, 3)
    assert [(each["subject"], each["severity"], each["without_class"]) for each in found["items"]] == [
        ("acme/berlin", "normal", 1),
        ("acme/hamburg", "normal", 1),
    ]
    await stage.move_to(at(0) + timedelta(days=91))
    assert (await api.get("/v1/coverage")).json()["seen"] == 0


async def test_coverage_looks_at_what_conditions_look_at(stage, api, seen, all_owned):
    """One subject, source and severity: of its reviews, only those that mention no delivery have a class."""
    await activated(api, await saved(api, EXAMPLE_YAML.replace("rating: {to: 2}", "topic: [delivery, price_fees]")))
    await seen(review(topics=("delivery", "clean_safe")), review(topics=("clean_safe",)), review())
    [gap] = (await api.get("/v1/coverage")).json()["items"]
    assert (gap["reviews"], gap["without_class"], gap["without_owner"]) == (3, 2, 0)


async def test_open_hours_are_those_of_the_tenants_calendars(stage, api, seen):
    """Eight open hours take until the next working day, and a calendar that there is not is named."""
    week = {day: ["09:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    week |= {"saturday": [], "sunday": []}
    answer = await api.put("/v1/calendars/office", json={"zone": "Etc/UTC", "week": week})
    assert answer.status_code in {200, 201}, answer.text
    await seen(answered(review(), at(25)))
    await stage.move_to(at(50))
    name = await saved(api, EXAMPLE_YAML.replace("always", "office").replace("24 h", "8 h"))
    found = (await api.post(f"{REVISIONS}/{name}/preview")).json()
    assert (found["classes"][0]["started"], found["classes"][0]["late"]) == (1, 1)
    wrong = await api.post(REVISIONS, content=EXAMPLE_YAML.replace("always", "ofice").encode(), headers=YAML)
    assert wrong.json()["errors"][0]["detail"] == "Line 8: there is no such calendar; did you mean `office`?"
    drastic_first = EXAMPLE_YAML.replace("always", "office").replace("{to: 2}", "{to: 1}") + (
        "  - name: two\n    metric: first_answer\n    when: {rating: {to: 2}}\n    due_within: 24 h\n"
        "    calendar: always\n    grace: 1 h\n"
    )
    refused = (await api.post(REVISIONS, content=drastic_first.encode(), headers=YAML)).json()
    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [
        ("/classes/0/due_within", "severer_due_later")
    ]


class Between:
    """A transaction in which something happens after the first statement."""

    def __init__(self, tx, happens):
        self.raw, self._raw, self._happens = self, tx.raw, happens

    async def fetch(self, *asked):
        rows = await self._raw.fetch(*asked)
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return rows


async def test_a_policy_that_is_activated_while_the_policies_are_read_breaks_nothing(stage, api):
    name = await saved(api)

    async def another_process_activates():
        assert (await activated(api, name)).status_code == 200

    async with stage.worker.transaction() as tx:
        found = await store.load(Between(tx, another_process_activates), ["default"])
    assert found.current("default").title
    async with stage.worker.transaction() as tx:
        assert (await store.load(tx, ["default"])).current("default").number == int(name)
