"""Reading and setting the rules that reviews are sorted by."""

import asyncio
from typing import Any

import httpx
import pytest

from plaudit_testing.running_ingest import DEFAULT, Ingest

pytestmark = pytest.mark.postgres

PATH = "/v1/sorting-rules"
RULES: dict[str, Any] = {
    "languages": ["de", "fr"],
    "switched_off": ["safety"],
    "more_drastic": {"fraud": "~zebra"},
    "more_topics": {"delivery": "drone*"},
    "hidden_topics": ["ads_privacy"],
    "mutes": [{"subject": "acme/law", "category": "legal", "phrase": "lawyer/lawyers"}],
}
SHIPPED = {
    "languages": ["de", "en"],
    "switched_off": [],
    "more_drastic": {},
    "more_topics": {},
    "hidden_topics": [],
    "mutes": [],
}


async def put(ingest: Ingest, rules: object, tenant: str = DEFAULT, **headers: str) -> httpx.Response:
    authorization = {"authorization": f"Bearer {await ingest.key(tenant)}"}
    return await ingest.client.put(PATH, json=rules, headers={**authorization, **headers})


def rules_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name in SHIPPED}


async def test_a_tenant_that_changed_nothing_has_the_shipped_rules(ingest: Ingest) -> None:
    answer = await ingest.get(PATH)
    assert rules_of(answer) == SHIPPED
    assert (answer.json()["revision"], answer.json()["changed_at"], answer.headers["etag"]) == (0, None, '"0"')


async def test_rules_that_are_set_are_read_as_the_next_revision_and_by_nobody_else(ingest: Ingest) -> None:
    answer = await put(ingest, RULES)
    assert rules_of(answer) == RULES
    read = await ingest.get(PATH)
    assert read.json() == answer.json()
    assert (read.json()["revision"], read.headers["etag"]) == (1, '"1"')
    assert read.json()["changed_by"].startswith("key:")
    assert rules_of(await ingest.get(PATH, "other")) == SHIPPED


async def test_the_same_rules_again_make_no_revision_and_what_is_left_out_is_as_shipped(ingest: Ingest) -> None:
    assert (await put(ingest, {})).json()["revision"] == 1
    assert (await put(ingest, {})).json()["revision"] == 1
    assert (await put(ingest, RULES)).json()["revision"] == 2
    last = await put(ingest, {"languages": ["nl"]})
    assert rules_of(last) == {**SHIPPED, "languages": ["nl"]}
    assert [row["revision"] for row in await ingest.rows("SELECT revision FROM ingest.sorting_rules")] == [1, 2, 3]


async def test_whoever_read_older_rules_does_not_overwrite_newer_ones(ingest: Ingest) -> None:
    headers = {"if-match": '"0"'}
    assert (await put(ingest, RULES, **headers)).status_code == 200
    late = await put(ingest, {}, **headers)
    assert (late.status_code, late.json()["type"]) == (412, "/problems#precondition-failed")
    assert (await put(ingest, {}, **{"if-match": '"1"'})).json()["revision"] == 2


async def test_rules_set_at_the_same_time_are_revisions_one_after_the_other(ingest: Ingest) -> None:
    every = [{"languages": [code]} for code in ("de", "fr", "nl", "es", "it")]
    answers = await asyncio.gather(*(put(ingest, rules) for rules in every))
    assert sorted(answer.json()["revision"] for answer in answers) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"more_drastic": {"fraud": "a <9> b"}}, "wrong-sorting-rules"),
        ({"more_drastic": {"anger": "angry"}}, "wrong-sorting-rules"),
        ({"languages": ["xx"]}, "wrong-sorting-rules"),
        ({"mutes": [{"subject": "acme", "category": "fraud", "phrase": "zebra"}]}, "wrong-sorting-rules"),
        ({"switched_off": ["leave"]}, "wrong-sorting-rules"),
        ({"more_drastic": {"fraud": "a" * 4_001}}, "invalid-request"),
        ({"mutes": [{"subject": "a//b", "category": "fraud", "phrase": "thief"}]}, "invalid-request"),
        ({"surprise": 1}, "invalid-request"),
    ],
)
async def test_rules_that_cannot_be_applied_are_a_422_that_says_why(
    ingest: Ingest, wrong: dict[str, Any], slug: str
) -> None:
    answer = await put(ingest, wrong)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems#{slug}")
    assert answer.json()["detail"]
    assert rules_of(await ingest.get(PATH)) == SHIPPED
