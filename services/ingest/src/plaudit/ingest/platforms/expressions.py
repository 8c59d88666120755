"""JMESPath with bounds, for expressions that users write and payloads that others send.

An expression is checked when it is written: its length, depth and size, and that it uses only what is bounded here.
There are no expression references (`&`), so no function calls an expression. When it runs, each visit of a node takes
one step, and whatever copies takes more by the size of what it reads and makes. Out of steps, it stops. Only texts,
numbers, booleans and null are compared or made a text, so nothing walks through what an expression has built.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jmespath import compile as parse
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult
from jmespath.visitor import Options, TreeInterpreter

from plaudit.common.strict_json import Unusable
from plaudit.ingest.platforms.payload import shown

MAX_EXPRESSION_CHARS: Final = 2_000
MAX_NODES: Final = 500
MAX_DEPTH: Final = 40
MAX_STEPS: Final = 120_000
"""In one delivery: 1,000 events of 20 fields with 6 steps each. The worst expressions take some 0.3 s for as many."""
ITEMS_PER_STEP: Final = 16
CHARS_PER_STEP: Final = 64
MAX_WHOLE_NUMBER: Final = 10**64
FUNCTIONS: Final = frozenset(
    (
        *("abs", "avg", "ceil", "floor", "max", "min", "sum", "to_number"),
        *("contains", "ends_with", "join", "length", "reverse", "starts_with", "to_string"),
        *("keys", "merge", "not_null", "to_array", "type", "values"),
    )
)
"""Those without an expression reference, and without sorting."""

_SCALARS: Final = (str, int, float, bool, type(None))
_NODES: Final = frozenset(
    (
        *("current", "field", "identity", "index", "index_expression", "literal", "slice", "subexpression"),
        *("filter_projection", "flatten", "projection", "value_projection"),
        *("and_expression", "comparator", "not_expression", "or_expression"),
        *("function_expression", "key_val_pair", "multi_select_dict", "multi_select_list", "pipe"),
    )
)


class ExpressionError(ValueError):
    """An expression that is none, or that a payload cannot be read by; the text says why, and quotes no payload."""


class Expression:
    """One checked expression."""

    __slots__ = ("_tree", "text")

    def __init__(self, text: str) -> None:
        """Check an expression.

        Raises:
            ExpressionError: it is none, or beyond the bounds.
        """
        if len(text) > MAX_EXPRESSION_CHARS:
            raise ExpressionError(f"has at most {MAX_EXPRESSION_CHARS:,} characters")
        try:
            parsed: ParsedResult = parse(text)
        except RecursionError as error:
            raise ExpressionError(f"is nested more than {MAX_DEPTH} deep") from error
        except (JMESPathError, ValueError) as error:
            raise ExpressionError(f"is no JMESPath expression{_where(error)}") from error
        self.text = text
        self._tree: dict[str, Any] = parsed.parsed
        for count, (node, depth) in enumerate(_nodes(self._tree), 1):
            if count > MAX_NODES or depth > MAX_DEPTH:
                raise ExpressionError(f"has at most {MAX_NODES} parts, nested at most {MAX_DEPTH} deep")
            _check_node(node)

    def search(self, value: object, interpreter: "BoundedInterpreter") -> object:
        """Return what it finds in a decoded payload; None for nothing. It may be an `Unusable` of the payload.

        Raises:
            ExpressionError: a function does not take what is there, or there are no steps left.
        """
        try:
            found = interpreter.visit(self._tree, value)
        except ExpressionError:
            raise
        except JMESPathError as error:
            raise ExpressionError(_without_values(error)) from error
        except (ArithmeticError, TypeError, ValueError) as error:
            raise ExpressionError("cannot be worked out from what is there") from error
        if isinstance(found, float) and not math.isfinite(found):
            raise ExpressionError("gives no finite number")
        if isinstance(found, int) and abs(found) >= MAX_WHOLE_NUMBER:
            raise ExpressionError("gives a number of more than 64 digits")
        return found


class BoundedInterpreter(TreeInterpreter):  # type: ignore[misc] # the library has no types
    """Runs expressions until its steps are used up: one for each delivery."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Start with this many steps."""
        super().__init__(Options(custom_functions=_BoundedFunctions(self)))
        self._steps = steps

    def spend(self, steps: int) -> None:
        """Take steps.

        Raises:
            ExpressionError: there are none left.
        """
        self._steps -= steps
        if self._steps < 0:
            raise ExpressionError(f"the mapping takes more than {MAX_STEPS:,} steps for this delivery")

    def spend_on(self, value: object) -> None:
        """Take steps for what is read or made as a whole."""
        if isinstance(value, str):
            self.spend(len(value) // CHARS_PER_STEP)
        elif isinstance(value, (list, dict)):
            self.spend(len(value) // ITEMS_PER_STEP)

    def visit(self, node: Mapping[str, Any], *args: object, **kwargs: object) -> object:
        """Visit a node, at the cost of a step; what strict JSON refuses stays what it is."""
        self.spend(1)
        if isinstance(args[0], Unusable):
            return args[0]
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Mapping[str, Any], value: object) -> object:
        """Compare, if both are scalars."""
        found = [self.visit(child, value) for child in node["children"]]
        for operand in found:
            _check_scalar(operand, "compared")
            self.spend_on(operand)
        return super().visit_comparator({"value": node["value"], "children": _literals(*found)}, value)

    def visit_flatten(self, node: Mapping[str, Any], value: object) -> object:
        """Flatten, counting what it makes before it does."""
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            self.spend_on(base)
            self.spend(sum(len(item) for item in base if isinstance(item, list)) // ITEMS_PER_STEP)
        return super().visit_flatten({"children": _literals(base)}, value)

    def visit_slice(self, node: Mapping[str, Any], value: object) -> object:
        """Cut, counting what it reads."""
        self.spend_on(value)
        return super().visit_slice(node, value)


class _BoundedFunctions(Functions):  # type: ignore[misc] # the library has no types
    def __init__(self, interpreter: BoundedInterpreter) -> None:
        self._interpreter = interpreter

    def call_function(self, name: str, arguments: list[object]) -> object:
        """Call a function, counting what it reads and makes."""
        for argument in arguments:
            if isinstance(argument, Unusable):
                raise ExpressionError(str(argument))
            self._interpreter.spend_on(argument)
        if name == "to_string":
            _check_scalar(arguments[0], "made a text")
        elif name == "contains":
            _check_scalar(arguments[1], "searched for")
        elif name == "join":
            self._spend_on_join(*arguments)
        return super().call_function(name, arguments)

    def _spend_on_join(self, separator: object, parts: object) -> None:
        if isinstance(separator, str) and isinstance(parts, list):
            chars = sum(len(part) for part in parts if isinstance(part, str))
            self._interpreter.spend((chars + len(separator) * len(parts)) // CHARS_PER_STEP)


def _literals(*values: object) -> list[dict[str, Any]]:
    return [{"type": "literal", "value": value, "children": []} for value in values]


def _nodes(tree: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each node of an expression with its depth."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in node["children"] if isinstance(child, dict)]


def _check_node(node: dict[str, Any]) -> None:
    if node["type"] not in _NODES:
        raise ExpressionError(f"uses {node['type'].replace('_', ' ')}, which mappings do not have")
    if node["type"] == "function_expression":
        _check_call(node["value"], len(node["children"]))


def _check_call(name: str, arguments: int) -> None:
    if name not in FUNCTIONS:
        raise ExpressionError(f"calls {name}(), which mappings do not have; there are {', '.join(sorted(FUNCTIONS))}")
    signature = Functions.FUNCTION_TABLE[name]["signature"]
    takes_more = bool(signature[-1].get("variadic"))
    if arguments < len(signature) or (arguments > len(signature) and not takes_more):
        raise ExpressionError(f"calls {name}() with {arguments} values, and it takes {len(signature)}")


def _check_scalar(value: object, done: str) -> None:
    if isinstance(value, Unusable):
        raise ExpressionError(str(value))
    if not isinstance(value, _SCALARS):
        raise ExpressionError(f"{shown(value)} cannot be {done}: only a text, a number, a boolean or null can")


def _where(error: ValueError) -> str:
    """Return where an expression breaks off, as far as it is known."""
    position = error.lex_position if isinstance(error, ParseError) else getattr(error, "lexer_position", None)
    return "" if position is None else f", from its character {position + 1} on"


def _without_values(error: JMESPathError) -> str:
    """Return what is wrong, without the value, which may be about a person."""
    name, wanted = getattr(error, "function_name", None), getattr(error, "expected_types", None)
    if name is None or wanted is None:
        return "cannot be worked out from what is there"
    return f"{name}() takes {' or '.join(wanted)}, not what is there"
