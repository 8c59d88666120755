import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts.envelope import MAX_TRACESTATE_CHARS, TRACESTATE_PATTERN
from plaudit.common.observability import tracing
from plaudit.common.observability.tracing import Traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
WELL_FORMED = f"00-{TRACE}-{SPAN}-01"

ids = st.integers(1, 2**128 - 1).map(lambda n: f"{n:032x}")
spans = st.integers(1, 2**64 - 1).map(lambda n: f"{n:016x}")
flags = st.integers(0, 3)


@given(ids, spans, flags)
def test_what_is_formatted_is_read_back(trace_id: str, span_id: str, bits: int) -> None:
    parsed = Traceparent(trace_id, span_id, bits)
    assert tracing.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-extra",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}g-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00_{TRACE}_{SPAN}_01",
        f"cc-{TRACE}-{SPAN}-01.what",
    ],
)
def test_what_is_malformed_by_the_letter_is_none(text: str) -> None:
    assert tracing.parse(text) is None


@pytest.mark.parametrize("text", [f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-the-future-holds"])
def test_of_a_later_version_what_we_know_is_read(text: str) -> None:
    assert tracing.parse(text) == Traceparent(TRACE, SPAN, 1)


def test_flags_that_we_do_not_know_are_not_passed_on() -> None:
    assert tracing.child(f"00-{TRACE}-{SPAN}-ff").endswith("-03")


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_never_raises(text: str) -> None:
    tracing.parse(text)


def test_a_child_stays_in_the_trace_and_is_a_span_of_its_own() -> None:
    parsed = tracing.parse(tracing.child(WELL_FORMED))
    assert parsed is not None
    assert parsed.trace_id == TRACE
    assert parsed.span_id != SPAN
    assert parsed.flags == tracing.SAMPLED


@pytest.mark.parametrize("parent", [None, "", "nonsense"])
def test_without_a_well_formed_parent_a_new_trace_starts(parent: str | None) -> None:
    first, second = tracing.parse(tracing.child(parent)), tracing.parse(tracing.child(parent))
    assert first is not None
    assert second is not None
    assert first.trace_id != second.trace_id


def test_outside_a_span_there_is_no_trace() -> None:
    assert tracing.current_traceparent() is None
    assert tracing.current_trace_id() is None


def test_a_span_ends_with_its_block_also_when_that_raises() -> None:
    def fails() -> None:
        with tracing.span(WELL_FORMED) as here:
            assert tracing.current_traceparent() == here
            assert tracing.current_trace_id() == TRACE
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    assert tracing.current_traceparent() is None


async def test_tasks_that_run_together_do_not_see_each_others_trace() -> None:
    async def work(parent: str) -> tuple[str | None, str | None]:
        with tracing.span(parent):
            before = tracing.current_trace_id()
            await asyncio.sleep(0)
            return before, tracing.current_trace_id()

    parents = [f"00-{n:032x}-{SPAN}-01" for n in range(1, 20)]
    seen = await asyncio.gather(*map(work, parents))
    assert seen == [(parent[3:35], parent[3:35]) for parent in parents]


LONG_KEY = "z" * 256
THIRTY_TWO = ",".join(f"bar{number:02}={number:02}" for number in range(1, 33))


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ("foo=1", "foo=1"),
        ("foo=1,bar=2", "foo=1,bar=2"),
        ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
        ("foo=1\t", "foo=1"),
        (",foo=1,,", "foo=1"),
        ("foo=1, foo=1", "foo=1"),
        ("foo=1,foo=2", "foo=1"),
        ("foo@=1,bar=2", "foo@=1,bar=2"),
        ("foo@bar@baz=1,bar=2", "foo@bar@baz=1,bar=2"),
        ("0a-_*/@z=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~ x", "0a-_*/@z=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~ x"),
        (THIRTY_TWO, THIRTY_TWO),
        (f"foo=1,{LONG_KEY}=1", f"foo=1,{LONG_KEY}=1"),
        ("foo=" + "v" * 256, "foo=" + "v" * 256),
    ],
)
def test_a_state_is_passed_on_as_it_came(given: str, passed_on: str) -> None:
    assert tracing.read_state(given) == passed_on


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ",", "foo", "foo=", "=1", "foo=,bar=3", "foo=bar=baz", "foo =1", "foo= \t", "FOO=1", "@foo=1,bar=2"),
        *("foo.bar=1", "foo=\x7f", "foo=\xe9", "foo=a\tb", "foo=1;bar=2=", f"foo=1,z{LONG_KEY}=1", "foo=" + "v" * 257),
        f"{THIRTY_TWO},bar33=33",
    ],
)
def test_a_state_that_is_malformed_or_too_long_a_list_is_left_out(text: str) -> None:
    assert tracing.read_state(text) is None


def test_of_too_long_a_state_long_members_go_first_and_then_the_last_ones() -> None:
    short = [f"k{number}=" + "v" * 96 for number in range(1, 6)]
    long = "long=" + "v" * 200
    assert tracing.read_state(",".join([*short[:4], long])) == ",".join(short[:4])
    assert tracing.read_state(",".join([short[0], long, *short[1:]])) == ",".join(short)
    assert tracing.read_state(",".join([*short, "last=1" + "v" * 90])) == ",".join(short)


@given(st.text(max_size=600))
def test_any_state_is_read_or_left_out_and_never_raises(text: str) -> None:
    state = tracing.read_state(text)
    assert state is None or (len(state) <= MAX_TRACESTATE_CHARS and re.search(TRACESTATE_PATTERN, state))


def test_a_state_goes_with_its_trace_and_never_without() -> None:
    traceparent, state = tracing.follow(WELL_FORMED, "foo=1")
    assert (traceparent[3:35], state) == (TRACE, "foo=1")
    for parent in (None, "", "nonsense", f"00-{TRACE}-{'0' * 16}-01"):
        assert tracing.follow(parent, "foo=1")[1] is None
    assert tracing.follow(WELL_FORMED, None)[1] is None


def test_a_span_has_the_state_of_its_parent_and_what_is_outside_has_none() -> None:
    with tracing.span(WELL_FORMED, "foo=1"):
        assert tracing.current_tracestate() == "foo=1"
        with tracing.span(WELL_FORMED):
            assert tracing.current_tracestate() is None
        assert tracing.current_tracestate() == "foo=1"
    assert tracing.current_tracestate() is None
