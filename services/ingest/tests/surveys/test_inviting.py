"""Surveys over the API: made from templates, changed, and links for those whom to ask."""

import json
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = pytest.mark.postgres

ADA, BOB = {"email": "ada@example.com"}, {"person": "native:bob"}
WORDS = ("title", "question", "text_question", "thanks")
KEY = {"idempotency-key": "batch-1"}


async def test_a_survey_is_made_from_a_template_with_its_source(asking: Any, ingest: Ingest):
    made = await asking.make(name="Après", kind="nps", template="trades", language="de", question="Und?")
    assert (made["question"], made["brand"], made["invited"], made["responses"]) == ("Und?", None, 0, 0)
    assert made["title"] == "Wie hat {brand} bei Ihnen gearbeitet?"
    source = (await ingest.get(f"/v1/sources/{made['id']}")).json()
    assert (source["platform"], source["name"], source["subject"]) == ("survey", "Après", "acme")
    assert (await ingest.get(f"/v1/surveys/{made['id']}")).json() == made
    assert [each["id"] for each in await ingest.items("/v1/surveys")] == [asking.survey["id"], made["id"]]
    pages = await ingest.pages("/v1/surveys", limit=1)
    assert [[each["id"] for each in page] for page in pages] == [[asking.survey["id"]], [made["id"]]]
    templates = await ingest.items("/v1/survey-templates", language="de", kind="nps")
    assert len(templates) == 5
    assert made["thanks"] in {each["thanks"] for each in templates}


async def test_words_of_a_survey_are_checked_by_name(asking: Any):
    plain = {"name": "n", "subject": "acme", "kind": "stars", "template": "shop", "language": "en"}
    for wrong in (
        {"kind": "thumbs"},
        {"template": "zoo"},
        {"language": "fr"},
        {"subject": "Not a subject"},
        {"question": " \u200b "},
        {"title": "x" * 201},
        {"thanks": ""},
        {"brand": "x\u0000"},
        {"platform": "native"},
    ):
        answer = await asking.send("POST", "/v1/surveys", json={**plain, **wrong})
        assert answer.status_code in {400, 422}, wrong
        if answer.status_code == 422:
            assert next(iter(wrong)) in json.dumps(answer.json()["errors"]), answer.text


async def test_a_change_replaces_the_words_and_keeps_what_is_asked_for(asking: Any, ingest: Ingest):
    path = f"/v1/surveys/{asking.survey['id']}"
    words = {"title": "T", "question": "Q", "text_question": "W", "thanks": "Thanks"}
    changed = (await asking.send("PUT", path, json={**words, "brand": "Kite", "closed": True})).json()
    assert {name: changed[name] for name in words} == words
    assert (changed["kind"], changed["brand"], changed["closed_at"] is not None) == ("stars", "Kite", True)
    same = (await asking.send("PUT", path, json={**words, "brand": "Kite", "closed": True})).json()
    assert same == changed
    opened = (await asking.send("PUT", path, json=words)).json()
    assert (opened["brand"], opened["closed_at"]) == (None, None)
    assert (await asking.send("PUT", path, json={**words, "kind": "nps"})).status_code == 422
    assert (await asking.send("PUT", path, json={**words, "question": " "})).status_code == 422


async def test_each_customer_gets_a_link_and_no_address_is_stored(asking: Any, ingest: Ingest):
    about = {"subject": "acme/berlin", "reference": "o-1"}
    answer = (await asking.invite({**ADA, **about}, BOB, days=90, headers=KEY)).json()
    assert answer["left_out"] == []
    assert [each["index"] for each in answer["invitations"]] == [0, 1]
    assert len({each["link"] for each in answer["invitations"]}) == 2
    assert answer["invitations"][1]["person"] == "native:bob"
    tokens = [httpx.URL(each["link"]).path[3:] for each in answer["invitations"]]
    for table in ("survey_invitations", "surveys", "sources", "contacts", "idempotency_keys"):
        stored = "".join(row[0] for row in await ingest.rows(f"SELECT to_jsonb(t)::text FROM ingest.{table} t"))
        assert [found for found in ("ada@", *tokens) if found in stored] == [], table


async def test_who_has_opted_out_gets_no_link_and_each_is_judged_alone(asking: Any, ingest: Ingest):
    denied = {"email": "no@example.com", "consent": "denied"}
    assert (await asking.send("PUT", "/v1/contacts", json=denied)).status_code == 200
    yes = {"email": "yes@example.com", "consent": "granted"}
    assert (await asking.send("PUT", "/v1/contacts", json=yes)).status_code == 200
    answer = await asking.invite(
        {"email": "No@Example.com"},
        {"email": "yes@example.com"},
        {"email": "not an address"},
        {**ADA, "subject": "other/berlin"},
        {**ADA, "person": "native:ada"},
        {**ADA, "phone": "1"},
        {},
        ADA,
        ADA,
        {**ADA, "reference": "o-1"},
        {**ADA, "reference": "a@b.example"},
    )
    told = answer.json()
    assert [each["index"] for each in told["invitations"]] == [1, 7, 9]
    left_out = {each["index"]: each["reason"] for each in told["left_out"]}
    assert left_out == {0: "opted_out", 8: "repeated", **dict.fromkeys((2, 3, 4, 5, 6, 10), "invalid")}
    details = {each["index"]: each["detail"] for each in told["left_out"]}
    assert details[3] == "subject: must be 'acme' or below it"
    assert "not an address" not in answer.text
    assert "a@b.example" not in answer.text


async def test_a_person_with_an_open_invitation_gets_the_same_link_again(asking: Any, ingest: Ingest):
    first = (await asking.invite({**ADA, "reference": "o-1"}, days=1)).json()["invitations"][0]
    again = (await asking.invite({**ADA, "reference": "o-1"}, days=90)).json()["invitations"][0]
    assert again == {**first, "again": True}
    assert (await ingest.get(f"/v1/surveys/{asking.survey['id']}")).json()["invited"] == 1
    await asking.respond(httpx.URL(first["link"]).path, rating="4")
    [left] = (await asking.invite({**ADA, "reference": "o-1"})).json()["left_out"]
    assert left["reason"] == "responded"
    await asking.age(first["link"])
    assert (await asking.invite({**ADA, "reference": "o-1"})).json()["invitations"][0]["id"] != first["id"]


async def test_a_repeated_call_under_its_key_gets_the_first_answer(asking: Any, ingest: Ingest):
    first = await asking.invite(ADA, {"email": "x"}, BOB, headers=KEY)
    again = await asking.invite(ADA, {"email": "x"}, BOB, headers=KEY)
    assert again.json() == first.json()
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert len(await ingest.rows("SELECT 1 FROM ingest.survey_invitations")) == 2
    other = await asking.invite(BOB, headers=KEY)
    assert (other.status_code, other.json()["type"].rpartition("/")[2].rpartition("#")[2]) == (
        422,
        "idempotency-key-reused",
    )


async def test_a_call_holds_five_hundred_customers_and_ninety_days(asking: Any):
    many = [{"person": f"native:{n}"} for n in range(500)]
    assert len((await asking.invite(*many)).json()["invitations"]) == 500
    assert (await asking.invite(*many, BOB)).status_code == 422
    assert (await asking.invite()).status_code == 422
    for days in (0, 91):
        assert (await asking.invite(BOB, days=days)).status_code == 422


async def test_nobody_is_invited_to_a_closed_survey(asking: Any):
    words = {name: asking.survey[name] for name in WORDS}
    await asking.send("PUT", f"/v1/surveys/{asking.survey['id']}", json={**words, "closed": True})
    answer = await asking.invite(ADA)
    assert answer.status_code == 409
    assert "survey-closed" in answer.json()["type"]


async def test_a_survey_of_another_tenant_is_not_there(asking: Any, ingest: Ingest):
    path = f"/v1/surveys/{asking.survey['id']}"
    await ingest.key("other")
    assert (await ingest.get(path, "other")).status_code == 404
    assert await ingest.items("/v1/surveys", "other") == []
    invited = await asking.send("POST", f"{path}/invitations", "other", json={"invitations": [ADA]})
    assert invited.status_code == 404
    words = {name: asking.survey[name] for name in WORDS}
    assert (await asking.send("PUT", path, "other", json=words)).status_code == 404


async def test_a_form_of_the_tenants_own_posts_to_the_hook_of_the_source(asking: Any, ingest: Ingest):
    found = (await ingest.get(f"/v1/sources/{asking.survey['id']}/secret")).json()
    source = Source(found["id"], found["secret"], found["hook"])
    answer = await ingest.post(source, {"invitation": "own-1", "kind": "ces", "rating": 7})
    assert answer.json()["accepted"] == 1, answer.text
    assert [(each["kind"], each["rating"]) for each in await asking.reviews()] == [("ces", 5)]


async def erase(asking: Any, ingest: Ingest, **what: str) -> dict[str, Any]:
    """Erase, and return the receipt."""
    asked = (await asking.send("POST", "/v1/erasures", json=what)).json()
    vault = ingest.parts.app.state.vault if ingest.parts.app else None
    worker = ingest.resources.database(Role.WORKER)
    job = ErasureJob(worker, ingest.resources.outbox, ingest.resources.ids, vault, settling_seconds=0)
    while await job.turn():
        pass
    receipt: dict[str, Any] = (await ingest.get(f"/v1/erasures/{asked['id']}")).json()
    assert receipt["stage"] == "done", receipt
    return receipt


async def test_an_erased_person_has_no_invitation_and_the_link_leads_nowhere(asking: Any, ingest: Ingest):
    link, other = await asking.link(), await asking.link("bob@example.com")
    await asking.respond(link, rating="1", text="A secret.")
    await ingest.superuser.execute(
        "UPDATE ingest.survey_invitations SET created_at = created_at - interval '1 hour'; "
        "UPDATE ingest.reviews SET published_at = published_at - interval '1 hour'"
    )
    receipt = await erase(asking, ingest, **ADA)
    assert (receipt["counts"]["reviews"], receipt["counts"]["survey_invitations"]) == (1, 1)
    assert (await ingest.client.get(link)).status_code == 404
    assert (await asking.respond(link, rating="5")).status_code == 404
    assert (await ingest.client.get(other)).status_code == 200
    bodies = await ingest.rows("SELECT body FROM ingest.deliveries")
    assert [bytes(row["body"]) for row in bodies] == [b""]


async def test_an_erased_review_takes_its_invitation_with_it(asking: Any, ingest: Ingest):
    link = await asking.link()
    await asking.respond(link, rating="1", text="A secret.")
    [review] = await asking.reviews()
    receipt = await erase(asking, ingest, review_id=review["id"])
    assert receipt["counts"]["survey_invitations"] == 1
    assert (await asking.respond(link, rating="5")).status_code == 404
    assert len(await ingest.rows("SELECT 1 FROM ingest.reviews WHERE NOT removed")) == 0
