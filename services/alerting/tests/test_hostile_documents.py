"""Documents of policies, owners, cadences and calendars that are wrong, hostile or huge: each mistake is a sentence.

It names its place by a JSON pointer, and nothing is stored.
"""

import json

import pytest

from plaudit.alerting.cadences.schemas.documents import EXAMPLE_YAML
from plaudit.alerting.policies.domain.default import shipped_text

pytestmark = pytest.mark.postgres

POLICIES, OWNERS, CADENCES = "/v1/policies/revisions", "/v1/owners", "/v1/cadences"
CALENDARS = "/v1/calendars/berlin"
POLICY = """\
title: Ours
classes:
  - name: bad
    metric: first_answer
    when: {rating: {from: 1, to: 2}, language: [no, de]}
    due_within: 24 h
    calendar: always
    warn_at: [50 %, 90 min]
    grace: 1 h
"""
PEOPLE = """\
people:
  - {address: ada@acme.example, name: Ada}
teams:
  - {name: berlin, members: [ada@acme.example]}
escalations:
  - name: usual
    steps: [{after: 30 min, team: berlin}]
assignments:
  - {subject: acme/berlin, owner: ada@acme.example, escalation: usual}
"""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = {day: ["09:00-17:00"] for day in DAYS}
CALENDAR = json.dumps({"zone": "Europe/Berlin", "week": WEEK, "overrides": [], "holidays": None})
GOOD = {POLICIES: POLICY, OWNERS: PEOPLE, CADENCES: EXAMPLE_YAML}
TYPES = {"yaml": "application/yaml", "json": "application/json"}

WRONG = [
    (POLICIES, "24 h", "24"),
    (POLICIES, "24 h", "400 days"),
    (POLICIES, "first_answer", "first_answr"),
    (POLICIES, "first_answer", "statutory"),
    (POLICIES, "calendar: always", "calendar: Office Hours"),
    (POLICIES, "calendar: always", "calendar: office"),
    (POLICIES, "[no, de]", "[]"),
    (POLICIES, "[no, de]", "no"),
    (POLICIES, "[no, de]", "[NORSK]"),
    (POLICIES, "{from: 1, to: 2}", "{from: 3, to: 2}"),
    (POLICIES, "{from: 1, to: 2}", "{from: 0, to: 9}"),
    (POLICIES, "rating", "ratings"),
    (POLICIES, "language: [no, de]", "verified: maybe"),
    (POLICIES, "language: [no, de]", "topic: [delivry], severity: [drastik], kind: [nps], persona: [x], origin: [y]"),
    (POLICIES, "language: [no, de]", "subject: [Acme//x]"),
    (POLICIES, "50 %", "100 %"),
    (POLICIES, "50 %, 90 min", "50 %, 50 %, 24 h"),
    (POLICIES, "    grace: 1 h\n", ""),
    (POLICIES, "title: Ours", "title: 2026"),
    (POLICIES, "title: Ours", "title: ''"),
    (POLICIES, "title: Ours", "title: ' \u200b '"),
    (POLICIES, "name: bad", "name: Bad One"),
    (OWNERS, "ada@acme.example, name", "ada, name"),
    (OWNERS, "name: Ada", "name: Ada, zone: Europe/Atlantis"),
    (OWNERS, "name: Ada", "name: Ada, quiet_hours: {start: 20:00, end: 20:00}"),
    (OWNERS, "name: Ada", "name: Ada, quiet_hours: {start: 25:00, end: 20:00}"),
    (OWNERS, "members: [ada@acme.example]", "members: [eve@acme.example]"),
    (OWNERS, "team: berlin}", "team: munich}"),
    (OWNERS, "team: berlin}", "endpoint: 01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11}"),
    (OWNERS, "team: berlin}", "endpoint: here}"),
    (OWNERS, "30 min", "0 s"),
    (OWNERS, "subject: acme/berlin", "subject: Acme"),
    (OWNERS, "owner: ada@acme.example, ", ""),
    (OWNERS, "people:", "peoples:"),
    (CADENCES, "zone: Europe/Berlin", "zone: Europe/Atlantis"),
    (CADENCES, "start: 20:00, end: 08:00", "start: 20:00, end: 20:00"),
    (CADENCES, "start: 20:00", "start: 8 pm"),
    (CADENCES, "invitation_every_days: 90", "invitation_every_days: -1"),
    (CADENCES, "purpose: invitation", "purpose: bribe"),
    (CADENCES, "purpose: invitation", "purpose: invitation\n    stars: 5"),
    (CADENCES, "days: [7]", "days: []"),
    (CADENCES, "days: [7]", "days: [7.5]"),
    (CADENCES, "https://www.trustpilot.com/evaluate/acme.example", "javascript:alert(1)"),
    (CADENCES, "https://www.trustpilot.com/evaluate/acme.example", "survey:1"),
    (CADENCES, "kind: after_event", "kind: sometimes"),
    (CADENCES, "id: invite-purchased", "id: Invite Purchased"),
    (CADENCES, "title: Invite after a purchase", "title: ''"),
    (CALENDARS, '"Europe/Berlin"', '"Europe/Atlantis"'),
    (CALENDARS, '"09:00-17:00"', '"17:00-09:00-"'),
    (CALENDARS, '"09:00-17:00"', '"9-5"'),
    (CALENDARS, '"holidays": null', '"holidays": {"country": "XX"}'),
    (CALENDARS, '"overrides": []', '"overrides": [{"date": "2026-02-30", "hours": []}]'),
    (CALENDARS, '"monday"', '"moonday"'),
]
BIDI = "\u202egnp.exe"
HOSTILE = {
    "a bomb of aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "a tag that makes an object": "title: !!python/object/apply:os.system [true]\n",
    "a merge": "<<: {title: Ours}\n",
    "nested without end": "[" * 20_000,
    "mappings without end": "{a: " * 20_000,
    "a name twice": "title: A\ntitle: B\nrules: []\nrules: []\n",
    "a name that differs by an unseen letter": "title: A\nti\u200btle: B\n",
    "letters that turn the line": f"title: {BIDI}\n",
    "a control character": "title: \x1b[31m\n",
    "not a number": "title: .nan\nclasses: .inf\nrules: .nan\npeople: .nan\n",
    "two documents": "title: A\n---\ntitle: B\n",
    "a byte order mark inside": "title: A\n\ufeffrules: []\n",
    "nothing": "",
    "spaces": "  \n  ",
    "a list": "- 1\n",
    "a word": "x",
    "ten thousand rules": "title: A\nclasses:\n" + "  - {name: a}\n" * 10_000,
    "a long line": "title: " + "x" * 300_000,
    "as many unknown names": "".join(f"n{number}: 1\n" for number in range(4_000)),
}
HOSTILE_JSON = {
    "not a number": '{"title": NaN, "zone": Infinity}',
    "a name twice": '{"title": "A", "title": "B"}',
    "nested without end": "[" * 20_000,
    "half a letter": '{"title": "\\ud83c"}',
    "nul": '{"title": "\\u0000", "zone": "\\u0000"}',
    "letters that turn the line": json.dumps({"title": BIDI, "zone": BIDI}, ensure_ascii=False),
    "a number without end": '{"title": ' + "9" * 5_000 + "}",
    "nothing": "",
    "a list": "[1]",
    "ten thousand rules": json.dumps(
        {
            "title": "A",
            "classes": [{}] * 10_000,
            "rules": [{}] * 10_000,
            "people": [{}] * 10_000,
            "overrides": [{}] * 10_000,
        }
    ),
}


@pytest.fixture
async def api(stage):
    return await stage.client()


async def sent(api, path, text, form):
    method = "POST" if path == POLICIES else "PUT"
    content = text.encode("utf-8", "surrogatepass")
    return await api.request(method, path, content=content, headers={"content-type": TYPES[form]})


async def stored(stage):
    tables = ("policy_revisions", "owner_revisions", "cadence_revisions", "calendar_revisions")
    return [await stage.rows(f"SELECT 1 FROM {table} WHERE tenant_id = 'default'") for table in tables]


def check(answer, what):
    """Fail where a refusal is no refusal, or a mistake no sentence with a place."""
    body = answer.json()
    assert answer.status_code in {400, 413, 422}, (what, answer.text[:500])
    assert len(answer.content) < 100_000, (what, len(answer.content))
    assert BIDI[0] not in answer.text, what
    assert is_sentence(body["detail"]), (what, body["detail"])
    assert answer.status_code != 422 or body["errors"], (what, body)
    for each in body.get("errors", ()):
        assert is_sentence(each["detail"]), (what, each)
        assert each["pointer"] == "" or each["pointer"].startswith("/"), (what, each)
        assert "Value error" not in each["detail"], (what, each)


def is_sentence(text):
    return bool(text) and not text[0].islower() and text.endswith((".", "?", "!", "…"))


async def test_each_mistake_is_a_sentence_with_its_place(stage, api):
    before = await stored(stage)
    for path, was, put in WRONG:
        good = GOOD.get(path, CALENDAR)
        assert was in good, (path, was)
        answer = await sent(api, path, good.replace(was, put), "json" if path == CALENDARS else "yaml")
        check(answer, (path, was, put))
        assert answer.json()["errors"], (path, was, put)
    assert await stored(stage) == before


@pytest.mark.parametrize("path", [POLICIES, OWNERS, CADENCES])
async def test_hostile_yaml_is_refused_in_a_sentence(stage, api, path):
    before = await stored(stage)
    for name, text in HOSTILE.items():
        check(await sent(api, path, text, "yaml"), (path, name))
    assert await stored(stage) == before


@pytest.mark.parametrize("path", [POLICIES, OWNERS, CADENCES, CALENDARS])
async def test_hostile_json_is_refused_in_a_sentence(stage, api, path):
    before = await stored(stage)
    for name, text in HOSTILE_JSON.items():
        check(await sent(api, path, text, "json"), (path, name))
    assert await stored(stage) == before


async def test_what_the_tests_change_is_taken_as_it_is(api):
    for path, text in {**GOOD, CALENDARS: CALENDAR, POLICIES: shipped_text()}.items():
        answer = await sent(api, path, text, "json" if path == CALENDARS else "yaml")
        assert answer.status_code < 300, (path, answer.text)
