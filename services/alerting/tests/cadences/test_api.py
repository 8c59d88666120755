import pytest

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.schemas.documents import EXAMPLE_YAML
from plaudit.alerting.cadences.schemas.rules import document_of
from plaudit_testing.cadences import ANN, on

pytestmark = pytest.mark.postgres


@pytest.fixture
async def api(stage):
    return await stage.client()


def invitation(**more):
    schedule = {"kind": "after_event", "event": "purchased", "days": [3]}
    return {"id": "ask", "title": "Ask", "purpose": "invitation", "schedule": schedule, "at": "10:00"} | more


async def test_rules_are_read_and_set_by_revision(cadence, api):
    shown = await api.get("/v1/cadences")
    assert (shown.headers["etag"], shown.json()["saved_by"]) == ('"0"', "built in")
    document = document_of(DEFAULT) | {"zone": "Europe/Berlin"}
    saved = await api.put("/v1/cadences", json=document, headers={"if-match": '"0"'})
    assert (saved.status_code, saved.json()["revision"], saved.json()["cadences"]["zone"]) == (200, 1, "Europe/Berlin")
    assert (await api.put("/v1/cadences", json=document, headers={"if-match": '"0"'})).status_code == 412
    again = await api.put("/v1/cadences", json=saved.json()["cadences"], headers={"if-match": '"1"'})
    assert again.json()["revision"] == 2


@pytest.mark.parametrize(
    "where", [{"rating": 5}, {"when": {"mood": "good"}}, {"when": {"stars": 4}}, {"outcome": "ok"}]
)
async def test_an_invitation_that_chooses_the_content_is_refused_with_the_reason(api, where):
    answer = await api.put("/v1/cadences", json=document_of(DEFAULT) | {"rules": [invitation(**where)]})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/rules/0", "review_gating")
    assert error["detail"].startswith("An invitation asks every customer")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"zone": "Europe/Berlyn"}, "/zone"),
        ({"zon": "UTC"}, "/zon"),
        ({"rules": [invitation(at="25:00")]}, "/rules/0/at"),
        ({"rules": [invitation(whenn={})]}, "/rules/0/whenn"),
        ({"rules": [invitation(schedule={"kind": "after_event", "event": "purchased", "days": [3, 1]})]},
         "/rules/0/schedule/days"),
        ({"rules": [invitation(), invitation()]}, "/rules/1/id"),
        ({"owner": "nobody"}, "/owner"),
        ({"quiet_hours": {"start": "08:00", "end": "08:00"}}, "/quiet_hours/end"),
    ],
)  # fmt: skip
async def test_a_mistake_is_told_at_its_place(api, changes, pointer):
    answer = await api.put("/v1/cadences", json=document_of(DEFAULT) | changes)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_a_touchpoint_is_done_once_and_moves_what_is_to_come(cadence, api):
    await cadence.told("stage_entered", on(-14), stage="active", received=on(0))
    await cadence.goes_to(on(1))
    [task] = (await api.get("/v1/touchpoints?state=open")).json()["items"]
    done = await api.post(f"/v1/touchpoints/{task['id']}/done", json={"channel": "phone", "note": "Happy."})
    assert (done.status_code, done.json()["state"], done.json()["note"]) == (200, "done", "Happy.")
    assert (await api.post(f"/v1/touchpoints/{task['id']}/done", json={"channel": "mail"})).status_code == 409
    coming = (await api.get(f"/v1/occurrences?from={on(1):%Y-%m-%dT%H:%M:%SZ}&to={on(40):%Y-%m-%dT%H:%M:%SZ}")).json()
    assert [each["local_date"] for each in coming["items"] if each["rule"] == "active-customer"] == ["2026-03-17"]


async def test_a_skipped_touchpoint_has_a_reason(cadence, api):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    [task] = (await api.get("/v1/touchpoints", params={"person": ANN})).json()["items"]
    for nothing in (" ", "\u200b"):
        assert (await api.post(f"/v1/touchpoints/{task['id']}/skip", json={"why": nothing})).status_code == 422
    skipped = await api.post(f"/v1/touchpoints/{task['id']}/skip", json={"why": "On holiday."})
    assert (skipped.json()["state"], skipped.json()["why"]) == ("skipped", "On holiday.")


async def test_an_application_asks_for_the_invitations_of_its_customer(cadence, api):
    await cadence.told("purchased", on(0))
    await cadence.goes_to(on(8))
    asked = (await api.get("/v1/invitations", params={"person": ANN})).json()
    assert [each["rule"] for each in asked["items"]] == ["invite-purchased"]
    await cadence.reviewed(on(9))
    assert (await api.get("/v1/invitations", params={"person": ANN})).json() == {"items": []}


async def test_the_report_tells_invited_of_eligible_and_why_not(cadence, api):
    for person in ("native:a", "native:b", "native:c", "native:d"):
        await cadence.told("purchased", on(0), person=person)
    await cadence.reviewed(on(1), person="native:b")
    await cadence.told("ticket_closed", on(1), person="native:c")
    await cadence.goes_to(on(8))
    await cadence.reviewed(on(9), person="native:a")
    report = {each["rule"]: each for each in (await api.get("/v1/invitations/report")).json()["items"]}
    bought = report["invite-purchased"]
    assert (bought["eligible"], bought["invited"], bought["share"], bought["responded"]) == (4, 2, 0.5, 1)
    assert bought["not_invited"] == [{"why": "invited_lately", "count": 1}, {"why": "responded", "count": 1}]


async def test_another_tenant_and_other_scopes_see_and_change_nothing(cadence, stage):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    [task] = (await (await stage.client()).get("/v1/touchpoints")).json()["items"]
    stranger = await stage.client(tenant="stranger")
    assert (await stranger.get("/v1/touchpoints")).json()["items"] == []
    assert (await stranger.post(f"/v1/touchpoints/{task['id']}/skip", json={"why": "x"})).status_code == 404
    assert (await stranger.get("/v1/digests/2026-03-02")).status_code == 404
    reader = await stage.client("cadences:read")
    assert (await reader.post(f"/v1/touchpoints/{task['id']}/skip", json={"why": "x"})).status_code == 403
    assert (await reader.put("/v1/cadences", json=document_of(DEFAULT))).status_code == 403
    assert (await reader.get("/v1/digests/2026-03-02")).status_code == 200


YAML = {"content-type": "application/yaml"}


async def test_rules_are_set_in_yaml_too(api):
    saved = await api.put("/v1/cadences", content=EXAMPLE_YAML, headers=YAML)
    assert saved.status_code == 200, saved.text
    [rule] = saved.json()["cadences"]["rules"]
    assert (rule["id"], rule["at"], rule["schedule"]["days"]) == ("invite-purchased", "10:00", [7])
    assert saved.json()["cadences"]["quiet_hours"] == {"start": "20:00", "end": "08:00"}


@pytest.mark.parametrize(
    ("was", "put", "pointer", "words"),
    [
        ("at: 10:00", "at: 25:00", "/rules/0/at", "Line 11:"),
        ("days: [7]", "days: [-1]", "/rules/0/schedule/days/0", "Line 10:"),
        ("title: Invite", "titel: Invite", "/rules/0/titel", "Line 8:"),
        ("purpose: invitation", "purpose: invitation\n    stars: 5", "/rules/0", "an invitation asks every customer"),
        ("zone: Europe/Berlin", "zone: [", "", "not YAML"),
        ("zone: Europe/Berlin", "zone: &a Europe/Berlin", "", "anchors"),
    ],
)
async def test_a_mistake_in_yaml_is_told_with_its_line(api, was, put, pointer, words):
    assert was in EXAMPLE_YAML
    answer = await api.put("/v1/cadences", content=EXAMPLE_YAML.replace(was, put), headers=YAML)
    assert answer.status_code == 422
    told = {each["pointer"]: each["detail"] for each in answer.json()["errors"]}
    assert words in told[pointer], told


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b'{"zone": 1, "zone": 2}', 400),
        ("application/yaml", b"\xff", 400),
        ("application/yaml", b"a: " + b"x" * 300_000, 413),
    ],
)
async def test_what_is_neither_is_refused(api, kind, body, status):
    assert (await api.put("/v1/cadences", content=body, headers={"content-type": kind})).status_code == status
