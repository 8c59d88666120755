import json

import pytest

from plaudit.alerting.policies.domain.document import MAX_ERRORS, Format, WrongPolicyError, read
from plaudit.alerting.policies.domain.yaml_text import MAX_CHARS, MAX_DEPTH, InvalidYamlError, load

GOOD = """\
title: Ours
classes:
  - name: bad
    metric: first_answer
    when:
      rating: {from: 1, to: 2}
      language: [no, de]
    due_within: 24 h
    calendar: always
    warn_at: [50 %, 90 min]
    grace: 1 h
"""


def mistakes(text, written=Format.YAML):
    with pytest.raises(WrongPolicyError) as raised:
        read(text, written)
    return [(each.pointer, each.code, each.line) for each in raised.value.errors]


def details(text):
    with pytest.raises(WrongPolicyError) as raised:
        read(text, Format.YAML)
    return [each.detail for each in raised.value.errors]


def test_an_emoji_is_read_and_one_that_is_escaped_in_halves_as_in_json_is_refused_with_what_to_write():
    for written in ("🎉", '"🎉"', r'"\U0001F389"'):
        document, _ = read(GOOD.replace("Ours", written), Format.YAML)
        assert document.title == "🎉"
    [said] = details(GOOD.replace("Ours", r'"\ud83c\udf89"'))
    assert "write the character itself" in said


def test_yaml_and_json_of_the_same_say_the_same():
    from_yaml, lines = read(GOOD, Format.YAML)
    value, _ = load(GOOD)
    from_json, no_lines = read(json.dumps(value), Format.JSON)
    assert from_yaml == from_json
    assert lines["/classes/0/when/rating"] == 6
    assert no_lines == {}


def test_a_language_no_is_not_false():
    policy, _ = read(GOOD, Format.YAML)
    assert policy.classes[0].when.language == ["no", "de"]


class TestMistakesHavePointersAndLines:
    def test_of_a_wrong_value(self):
        assert mistakes(GOOD.replace("to: 2", "to: 9")) == [("/classes/0/when/rating/to", "less_than_equal", 6)]

    def test_of_several_at_once(self):
        text = GOOD.replace("24 h", "24").replace("first_answer", "first_answr").replace("always", "Always Open")
        assert mistakes(text) == [
            ("/classes/0/metric", "unknown_metric", 4),
            ("/classes/0/due_within", "value_error", 8),
            ("/classes/0/calendar", "wrong_form", 9),
        ]

    def test_of_a_field_that_is_not_known_with_the_nearest_that_is(self):
        text = GOOD.replace("due_within", "due_in").replace("rating", "ratings").replace("from:", "form:")
        assert mistakes(GOOD.replace("rating", "ratings")) == [("/classes/0/when/ratings", "unknown_field", 6)]
        assert "there is no such field; did you mean `rating`?" in details(text)
        assert "`due_within` is missing" in details(text)
        assert details(GOOD.replace("from:", "form:")) == ["there is no such field; did you mean `from`?"]
        assert details(GOOD + "clases: []\n") == ["there is no such field; did you mean `classes`?"]

    def test_of_a_field_that_is_called_like_a_kind_of_value(self):
        for name in ("a[b]", "Length"):
            assert mistakes(f"{GOOD}{json.dumps(name)}: 1\n") == [(f"/{name}", "unknown_field", 12)]
            named = GOOD.replace("rating:", f"{json.dumps(name)}:")
            assert mistakes(named) == [(f"/classes/0/when/{name}", "unknown_field", 6)]

    def test_of_a_missing_field_the_line_is_that_of_what_lacks_it(self):
        assert mistakes(GOOD.replace("    due_within: 24 h\n", "")) == [("/classes/0/due_within", "missing", 3)]

    def test_of_values_that_are_not_known(self):
        text = GOOD.replace("language: [no, de]", "topic: [delivry]\n      severity: [drastik]")
        assert mistakes(text) == [
            ("/classes/0/when/severity/0", "unknown_value", 8),
            ("/classes/0/when/topic/0", "unknown_value", 7),
        ]
        assert details(text) == [
            "there is no such severity; did you mean `drastic`?",
            "there is no such topic; did you mean `delivery`?",
        ]

    def test_in_json_without_lines(self):
        value, _ = load(GOOD)
        value["classes"][0]["when"]["rating"]["to"] = "2"
        assert mistakes(json.dumps(value), Format.JSON) == [("/classes/0/when/rating/to", "int_type", None)]

    def test_of_json_that_is_none(self):
        assert mistakes('{"title": "a", "title": "b"}', Format.JSON) == [("", "malformed", None)]
        assert mistakes('{"title": NaN}', Format.JSON) == [("", "malformed", None)]

    def test_but_not_more_than_can_be_read(self):
        many = "title: Ours\nclasses:\n" + "  - {}\n" * (MAX_ERRORS + 10)
        assert len(mistakes(many)) == MAX_ERRORS

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (("to: 2", "to: 9"), "this is at most 5"),
            (("to: 2", "to: two"), "this is a whole number, without quotes, such as `2`"),
            (("to: 2", "to: 2.5"), "this is a whole number, without quotes, such as `2`"),
            (("to: 2", f"to: {'9' * 40}"), "this is a whole number, without quotes, such as `2`"),
            (("to: 2", "to: 1e999"), "this is a whole number, without quotes, such as `2`"),
            (("to: 2", "to: .nan"), "this is a whole number, without quotes, such as `2`"),
            (
                ("title: Ours", "title: 2026"),
                "this is a text; one that looks like a number, or like `true`, stands in quotes",
            ),
            (("[no, de]", "no"), "this is a list, such as `[one, two]`"),
            (("[no, de]", "[]"), "the list has at least 1 values, and this one has 0"),
            (("[no, de]", "[NORSK]"), "a language is a code of two or three small letters, such as `de`"),
            (("{from: 1, to: 2}", "2"), "members belong here, each with its name, such as `name: value`"),
            (("language: [no, de]", "verified: maybe"), "this is `true` or `false`, without quotes"),
            (
                ("name: bad", "name: Bad One"),
                "a name has up to 40 small letters, digits and hyphens, and begins with a letter, such as `bad-1`",
            ),
            (("language: [no, de]", "<<: {rating: 1}"), "there is no such field; known are"),
            (("      rating", "\t\trating"), "a tab stands here: indent with spaces"),
        ],
    )
    def test_in_plain_words_and_not_in_those_of_a_library(self, wrong, words):
        [found] = details(GOOD.replace(*wrong))
        assert found.startswith(words)

    def test_a_document_that_is_no_group_of_members(self):
        assert details("- one\n") == ["members belong here, each with its name, such as `name: value`"]
        assert details("2026-01-01\n") == ["members belong here, each with its name, such as `name: value`"]


class TestRulesOfMetrics:
    STATUTORY = """\
title: Ours
classes:
  - name: breach
    metric: statutory
    due_within: 72 h
    calendar: always
    warn_at: [24 h, 48 h]
"""

    def test_the_statutory_clock_takes_calendar_time_only(self):
        read(self.STATUTORY, Format.YAML)
        assert mistakes(self.STATUTORY.replace("always", "office")) == [("/classes/0/calendar", "not_taken", 6)]
        assert mistakes(self.STATUTORY.replace("24 h,", "50 %,")) == [("/classes/0/warn_at/0", "not_taken", 7)]
        assert mistakes(self.STATUTORY + "    grace: 1 h\n") == [("/classes/0/grace", "not_taken", 8)]

    def test_an_incident_has_neither_rating_nor_topics(self):
        text = self.STATUTORY + "    when: {rating: {to: 2}, topic: [delivery], severity: [urgent]}\n"
        assert mistakes(text) == [
            ("/classes/0/when/severity", "not_taken", 8),
            ("/classes/0/when/rating", "not_taken", 8),
            ("/classes/0/when/topic", "not_taken", 8),
        ]

    def test_answers_to_surveys_are_not_answered_in_public(self):
        text = GOOD.replace("language: [no, de]", "kind: [nps]")
        assert mistakes(text) == [("/classes/0/when/kind/0", "unknown_value", 7)]

    def test_days_are_not_days_where_open_hours_count(self):
        text = GOOD.replace("24 h", "2 days").replace("always", "office")
        assert mistakes(text) == [("/classes/0/due_within", "days_of_open_hours", 8)]

    def test_what_comes_after_the_publication_needs_a_grace(self):
        assert mistakes(GOOD.replace("    grace: 1 h\n", "")) == [("/classes/0/grace", "missing", 3)]

    def test_a_warning_comes_between_start_and_due_time(self):
        assert mistakes(GOOD.replace("90 min", "24 h")) == [("/classes/0/warn_at/1", "out_of_bounds", 10)]
        assert mistakes(GOOD.replace("90 min", "100 %")) == [("/classes/0/warn_at/1", "value_error", 10)]
        assert mistakes(GOOD.replace("90 min", "50 %")) == [("/classes/0/warn_at/1", "repeated_value", 10)]

    def test_lengths_have_bounds(self):
        assert mistakes(GOOD.replace("24 h", "367 days")) == [("/classes/0/due_within", "out_of_bounds", 8)]
        assert mistakes(GOOD.replace("grace: 1 h", "grace: 8 days")) == [("/classes/0/grace", "out_of_bounds", 11)]

    def test_a_range_of_ratings_is_not_empty(self):
        assert mistakes(GOOD.replace("{from: 1, to: 2}", "{from: 3, to: 2}")) == [
            ("/classes/0/when/rating", "empty_range", 6)
        ]

    def test_names_stand_for_one_class(self):
        second = GOOD + GOOD.removeprefix("title: Ours\nclasses:\n")
        assert mistakes(second) == [("/classes/1/name", "repeated_name", 12)]


class TestYamlOfUnknownSenders:
    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("a: 1\nb: 2\na: 3\n", 3, "twice"),
            ("a: &x 1\nb: *x\n", 1, "anchors"),
            ("a: 1\nb: *x\n", 2, "anchors"),
            ("a: !!python/object/apply:os.system ['true']\n", 1, "tags"),
            ("a: !local x\n", 1, "tags"),
            ("a: 1\n---\nb: 2\n", 2, "second document"),
            ("", 1, "empty"),
            ("a: [1, 2\nb: 3\n", 2, "expected"),
            ("a: 1\nb: '\n", 3, "stream"),
            ("{a: 1}: 2\n", 1, "name of a member"),
            ("a: \x07\n", 1, "character"),
            ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), 1, "deep"),
            ("[" + "1," * 6_000 + "]", 1, "values"),
            ("x" * (MAX_CHARS + 1), 1, "characters"),
            ("? [a]\n: 1\n", 1, "name of a member"),
        ],
    )
    def test_what_is_not_taken_is_refused_with_its_line(self, text, line, words):
        with pytest.raises(InvalidYamlError, match=words) as raised:
            load(text)
        assert raised.value.line == line

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("no", "no"),
            ("yes", "yes"),
            ("on", "on"),
            ("012", 12),
            ("1_000", "1_000"),
            ("2026-01-01", "2026-01-01"),
            ("12:30", "12:30"),
            ("1e3", 1000.0),
            ("'1'", "1"),
            ("null", None),
            ("true", True),
            ("<<: {a: 1}", {"<<": {"a": 1}}),
            (".inf", ".inf"),
        ],
    )
    def test_words_are_read_as_in_yaml_1_2(self, text, value):
        assert load(text)[0] == value

    def test_a_deep_bomb_is_refused_and_not_run_into(self):
        with pytest.raises(InvalidYamlError, match="nesting depth"):
            load("[" * 60_000)

    def test_a_document_with_controls_is_refused(self):
        assert mistakes("title: \x1b[31m\n") == [("", "unreadable_text", None)]
