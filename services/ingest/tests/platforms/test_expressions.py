"""Expressions of mappings: what is refused when they are written, and what stops them when they run."""

import json

import pytest

from plaudit.common.strict_json import loads_by_value
from plaudit.ingest.platforms.expressions import MAX_STEPS, BoundedInterpreter, Expression, ExpressionError

DEEP = [{"a": [{"b": [{"c": [1, 2, 3]} for _ in range(9)]} for _ in range(9)], "t": "x" * 1_000} for _ in range(250)]
WIDE = list(range(99_000))


def found(expression, value):
    return Expression(expression).search(value, BoundedInterpreter())


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a.b", 1),
        ("list[1]", "y"),
        ("list[?@ != 'x'] | [0]", "y"),
        ("a.none || 'else'", "else"),
        ("join(', ', list)", "x, y"),
        ("`10`", 10),
        ("a.none", None),
        ("a.b == `1` && 'yes' || 'no'", "yes"),
        ("to_number('4.5')", 4.5),
        ("length(list)", 2),
    ],
)
def test_an_expression_finds_what_jmespath_says(expression, value):
    assert found(expression, {"a": {"b": 1}, "list": ["x", "y"]}) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("a" * 2_001, "2,000 characters"),
        ("", "no JMESPath expression"),
        ("a..b", "from its character 3 on"),
        ("a[", "no JMESPath expression"),
        ("'open", "no JMESPath expression"),
        (".".join("a" * 999), "500 parts"),
        ("(" * 900 + "a" + ")" * 900, "deep"),
        ("!" * 1_500 + "a", "deep"),
        ("@" + "[]" * 45, "deep"),
        ("sort_by(@, &a)", "sort_by"),
        ("map(&a, @)", "map"),
        ("&a", "expref"),
        ("env('HOME')", "env"),
        ("length(a, b)", "takes 1"),
        ("join('x')", "takes 2"),
    ],
)
def test_what_cannot_be_an_expression_is_refused_when_it_is_written(expression, reason):
    with pytest.raises(ExpressionError, match=reason):
        Expression(expression)


HOSTILE = {
    "nested filters": ("[?a[?b[?c[?@ > `0`]]]]", DEEP),
    "doubling": ("[@,@][]" + " | [@,@][]" * 12, WIDE),
    "reversed": ("reverse(" * 35 + "@" + ")" * 35, WIDE),
    "summed": ("[" + ",".join(["sum(@)"] * 100) + "]", WIDE),
    "searched": (f"[*].contains(`{json.dumps(list(range(300)))}`, @)", WIDE),
    "merged": ("merge(" + ",".join(["@"] * 200) + ")", {str(number): number for number in range(50_000)}),
    "joined": (f"join('{'z' * 1_500}', @)", ["a"] * 99_000),
    "compared": ("[@, @, @, @][?@ == @ && @ == @]", "y" * 4_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_expression_that_would_take_long_is_stopped(name):
    expression, value = HOSTILE[name]
    with pytest.raises(ExpressionError, match=f"more than {MAX_STEPS:,} steps"):
        found(expression, value)


def test_all_expressions_of_a_delivery_share_its_steps():
    interpreter, expression = BoundedInterpreter(100), Expression("a.b")
    for _ in range(33):
        expression.search({"a": {"b": 1}}, interpreter)
    with pytest.raises(ExpressionError, match="steps"):
        expression.search({"a": {"b": 1}}, interpreter)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("to_number('1e999')", "no finite number"),
        ("to_number('nan')", "no finite number"),
        ("`NaN`", "no finite number"),
        ("ceil(to_number('1e999'))", "cannot be worked out"),
        ("to_number(digits)", "more than 64 digits"),
        ("[::0]", "cannot be worked out|^$"),
        ("to_string(list)", "an array cannot be made a text"),
        ("list == `[1]`", "an array cannot be compared"),
        ("contains(list, list)", "an array cannot be searched for"),
        ("abs('x')", r"abs\(\) takes number"),
        ("join(',', mixed)", r"join\(\) takes"),
    ],
)
def test_what_cannot_be_worked_out_is_an_error_that_quotes_no_value(expression, reason):
    value = {"list": [1, 2], "mixed": ["secret", 1], "digits": "9" * 4_000}
    with pytest.raises(ExpressionError, match=reason) as refused:
        found(expression, value if expression != "[::0]" else [1])
    assert "secret" not in str(refused.value)


def test_what_strict_json_refuses_stays_what_it_is():
    value = loads_by_value(b'{"a": NaN, "b": {"x": 1, "x": 2}, "c": [{"d": 1e999}, 1]}')
    assert "NaN" in str(found("a", value))
    assert "x" in str(found("b.y.z", value))
    assert [type(item).__name__ for item in found("c[*].d", value)] == ["ExtremeNumber"]
    for expression in ("a == `1`", "abs(a)", "a > `1`"):
        with pytest.raises(ExpressionError, match="NaN"):
            found(expression, value)
