"""What a change of the rules would change of stored reviews."""

from typing import Any

import httpx
import pytest

from plaudit_testing.running_ingest import DEFAULT, Ingest, Source, created

pytestmark = pytest.mark.postgres

PATH = "/v1/sorting-rules"


async def preview(ingest: Ingest, rules: object, tenant: str = DEFAULT, **params: str) -> dict[str, Any]:
    answer = await ask(ingest, "POST", f"{PATH}/preview", rules, tenant, params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ask(
    ingest: Ingest, method: str, path: str, body: object, tenant: str = DEFAULT, params: dict[str, str] | None = None
) -> httpx.Response:
    authorization = {"authorization": f"Bearer {await ingest.key(tenant)}"}
    return await ingest.client.request(method, path, json=body, params=params, headers=authorization)


async def store(ingest: Ingest, source: Source) -> None:
    said = [
        ("The zebra bit me.", 1, "acme/zoo"),
        ("They stole my deposit.", 1, "acme/bank"),
        ("The lawyer was kind.", 5, "acme/law"),
        ("Slow.", 2, "acme/law"),
    ]
    events = [
        created(f"r-{number}", stars, text=text, subject=subject, language="en")
        for number, (text, stars, subject) in enumerate(said)
    ]
    assert (await ingest.post(source, events)).status_code < 300


async def test_a_preview_says_which_reviews_would_be_judged_otherwise_and_by_which_words(
    ingest: Ingest, source: Source
) -> None:
    await store(ingest, source)
    found = await preview(ingest, {"more_drastic": {"safety": "zebra <1> me"}, "hidden_topics": ["speed_waiting"]})
    assert (found["reviews"], found["bad"], found["good"]) == (4, 3, 1)
    assert found["before"] == {"normal": 0, "negative": 2, "check": 1, "drastic": 1}
    assert found["after"] == {"normal": 0, "negative": 1, "check": 1, "drastic": 2}
    assert found["changed"] == len(found["changes"]) == 2
    changes = {change["after"]["outcome"]: change for change in found["changes"]}
    assert changes["drastic"]["before"] == {"outcome": "negative", "words": [], "topics": [], "language": "en"}
    assert changes["drastic"]["after"]["words"] == ["zebra bit me"]
    assert (changes["negative"]["before"]["topics"], changes["negative"]["after"]["topics"]) == (["speed_waiting"], [])
    assert {"category": "legal", "phrase": "lawyer/lawyers", "bad": 0, "good": 1, "is_word_of_trade": False} in found[
        "phrases"
    ]


async def test_a_preview_compares_with_the_rules_in_force_and_changes_nothing(ingest: Ingest, source: Source) -> None:
    await store(ingest, source)
    before = await ingest.counts()
    rules = {"switched_off": ["fraud"]}
    assert (await preview(ingest, rules))["changed"] == 1
    assert (await ask(ingest, "PUT", PATH, rules)).status_code == 200
    assert (await preview(ingest, rules))["changed"] == 0
    assert (await preview(ingest, {}))["changed"] == 1
    assert await ingest.counts() == before


async def test_a_preview_reads_the_tenants_reviews_of_the_subject_only(ingest: Ingest, source: Source) -> None:
    await store(ingest, source)
    assert (await preview(ingest, {}, subject="acme/law"))["reviews"] == 2
    assert (await preview(ingest, {}, "other"))["reviews"] == 0


async def test_a_preview_tells_which_languages_would_change(ingest: Ingest, source: Source) -> None:
    said = "Le service est nul et je ne reçois jamais de réponse à mes questions."
    await ingest.post(source, [created("r-1", 1, text=said)])
    found = await preview(ingest, {"languages": ["fr"]})
    assert [(each["before"]["language"] == "fr", each["after"]["language"]) for each in found["changes"]] == [
        (False, "fr")
    ]
    assert (await preview(ingest, {}))["changes"] == []


async def test_wrong_rules_are_a_422_that_says_why(ingest: Ingest) -> None:
    answer = await ask(ingest, "POST", f"{PATH}/preview", {"languages": ["xx"]})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#wrong-sorting-rules")
    assert "xx" in answer.json()["detail"]
