from uuid import uuid4

import pytest

pytestmark = pytest.mark.postgres

LIBRARY = "/v1/library/guidelines"
BODY = {
    "language": "en",
    "topic": "cancel_contract",
    "severity": "negative",
    "stance": "Leaving us is as easy as coming.",
    "points": ["Name the day on which the contract ends", "Say what is paid back"],
}


@pytest.fixture
async def api(stage):
    return await stage.client("library:read", "library:write")


async def added(api, **members):
    response = await api.post(LIBRARY, json=BODY | members)
    assert response.status_code == 201, response.text
    return response.json()


async def problem(response, status, slug):
    assert (response.status_code, response.json()["type"].rpartition("#")[2]) == (status, slug), response.text
    return response.json()


async def test_a_tenant_has_the_shipped_guidelines_from_the_start(api):
    items = (await api.get(LIBRARY)).json()["items"]
    assert {each["language"] for each in items} == {"en", "de"}
    assert all(each["is_shipped"] and each["made_by"] == "plaudit" and each["number"] == 1 for each in items)
    assert [each["topic"] for each in (await api.get(LIBRARY, params={"topic": "delivery"})).json()["items"]] == [
        "delivery",
        "delivery",
    ]


async def test_a_change_is_a_new_revision_that_says_who_and_when(api):
    made = await added(api)
    address = f"{LIBRARY}/{made['id']}"
    changed = await api.put(address, json=BODY | {"points": ["Name the day"]})
    assert changed.headers["etag"] == '"2"'
    log = (await api.get(f"{address}/revisions")).json()["items"]
    assert [(each["number"], each["points"]) for each in log] == [(2, ["Name the day"]), (1, BODY["points"])]
    assert all(each["made_by"].startswith("key:") and each["made_at"] for each in log)
    again = await api.put(address, json=BODY | {"points": ["Name the day"]})
    assert again.json()["number"] == 2


async def test_a_change_of_something_older_is_refused(api):
    made = await added(api)
    address = f"{LIBRARY}/{made['id']}"
    await api.put(address, json=BODY | {"points": ["Name the day"]}, headers={"if-match": '"1"'})
    for answer in (
        await api.put(address, json=BODY, headers={"if-match": '"1"'}),
        await api.delete(address, headers={"if-match": '"1"'}),
        await api.post(f"{address}/restore", json={"number": 1}, headers={"if-match": '"1"'}),
    ):
        assert answer.status_code == 412
    assert (await api.get(address)).json()["number"] == 2


async def test_a_shipped_guideline_is_changed_withdrawn_and_restored_for_one_tenant_alone(stage, api):
    [shipped] = (await api.get(LIBRARY, params={"topic": "delivery", "language": "de"})).json()["items"]
    address = f"{LIBRARY}/{shipped['id']}"
    own = {**{name: shipped[name] for name in BODY}, "stance": "Was spät kommt, kostet nichts."}
    assert (await api.put(address, json=own)).json()["number"] == 2
    assert (await api.delete(address)).status_code == 204
    assert shipped["id"] not in [each["id"] for each in (await api.get(LIBRARY)).json()["items"]]
    [gone] = (await api.get(LIBRARY, params={"withdrawn": True})).json()["items"]
    assert (gone["number"], gone["is_withdrawn"]) == (3, True)
    restored = (await api.post(f"{address}/restore", json={"number": 1})).json()
    assert (restored["number"], restored["restored_from"], restored["stance"]) == (4, 1, shipped["stance"])
    strangers = await stage.client("library:read", tenant="stranger")
    assert (await strangers.get(address)).json() == shipped


async def test_there_is_one_guideline_for_each_topic_severity_and_language(api):
    made = await added(api)
    await problem(await api.post(LIBRARY, json=BODY), 409, "guideline-exists")
    other = await added(api, severity="drastic")
    await problem(await api.put(f"{LIBRARY}/{other['id']}", json=BODY), 409, "guideline-exists")
    assert (await api.delete(f"{LIBRARY}/{made['id']}")).status_code == 204
    await added(api)
    await problem(await api.post(f"{LIBRARY}/{made['id']}/restore", json={"number": 1}), 409, "guideline-exists")


async def test_a_text_that_could_be_sent_is_refused_with_the_field_and_the_reason(api):
    body = BODY | {"points": ["Name the day", "We are sorry that you want to leave us"]}
    answer = await problem(await api.post(LIBRARY, json=body), 422, "ready-text")
    assert answer["errors"][0]["pointer"] == "/points/1"
    assert "speaks to the customer" in answer["detail"]
    answer = await problem(await api.post(LIBRARY, json=BODY | {"topic": "weather"}), 422, "invalid-request")
    assert answer["errors"][0]["pointer"] == "/topic"


async def test_the_best_match_is_told_with_its_reasons(api):
    params = {"topic": ["ads_privacy", "delivery"], "severity": "drastic", "language": "de-AT"}
    found = (await api.get("/v1/library/match", params=params)).json()
    assert (found["guideline"]["topic"], found["guideline"]["language"]) == ("delivery", "de")
    assert found["reasons"] == [
        "The review mentions the topic Delivery.",
        "It is for negative reviews: none that fits is for drastic ones.",
        "It is in the review's language, de.",
    ]


async def test_where_none_fits_none_is_told(api):
    for each in (await api.get(LIBRARY)).json()["items"]:
        await api.delete(f"{LIBRARY}/{each['id']}")
    found = (await api.get("/v1/library/match", params={"severity": "negative"})).json()
    assert found == {"guideline": None, "reasons": []}


async def test_what_is_not_there_is_not_found(api):
    address = f"{LIBRARY}/{uuid4()}"
    made = await added(api)
    for answer in (
        await api.get(address),
        await api.get(f"{address}/revisions"),
        await api.put(address, json=BODY),
        await api.delete(address),
        await api.post(f"{address}/restore", json={"number": 1}),
        await api.post(f"{LIBRARY}/{made['id']}/restore", json={"number": 7}),
    ):
        assert answer.status_code == 404


async def test_readers_change_nothing_and_other_tenants_see_nothing(stage, api):
    made = await added(api)
    readers = await stage.client("library:read")
    assert (await readers.get(f"{LIBRARY}/{made['id']}")).status_code == 200
    assert (await readers.post(LIBRARY, json=BODY)).status_code == 403
    assert (await readers.delete(f"{LIBRARY}/{made['id']}")).status_code == 403
    strangers = await stage.client("*", tenant="stranger")
    assert (await strangers.get(f"{LIBRARY}/{made['id']}")).status_code == 404
    assert (await (await stage.client("alerts:read")).get(LIBRARY)).status_code == 403


async def test_a_tenant_may_not_have_too_many(api, monkeypatch):
    monkeypatch.setattr("plaudit.alerting.library.commands.MAX_GUIDELINES", 3)
    await problem(await api.post(LIBRARY, json=BODY), 409, "too-many-guidelines")
