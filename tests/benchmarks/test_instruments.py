"""The instruments of the benchmarks: what they read and send must be right for a figure to mean anything."""

import json
import random
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from statistics import median

import msgspec
import pytest

from benchmarks import load
from benchmarks.__main__ import KNOWN, PROGRAMS, SEVERAL
from benchmarks.cpu import Meter, Sample
from benchmarks.hooks import Hook
from benchmarks.progress import Drained, Step
from benchmarks.report import percentile
from benchmarks.reviews import Shape, native_events, outgoing, zipf
from benchmarks.scoring import keys
from benchmarks.servers import PARTITIONS
from plaudit.common.events.partitioning import partition_of
from plaudit.common.ids import uuid7
from plaudit.common.outbox import Outbox
from plaudit.common.standard_webhooks import verify
from plaudit.scoring.sums.domain.fold import Deltas, fold
from plaudit.scoring.sums.domain.review import ScoredChange, ScoredReview

REQUESTS = 200
ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\nContent-Length: 2\r\n\r\n{}"
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


class _Answers(socketserver.StreamRequestHandler):
    """Refuses what says so, and hands out an answer in two pieces where a request asks for it."""

    def handle(self) -> None:
        while head := self.rfile.readline():
            if b"refuse" in head:
                self.wfile.write(REFUSAL)
            elif b"pieces" in head:
                self.wfile.write(ANSWER[:30])
                self.wfile.flush()
                self.wfile.write(ANSWER[30:])
            else:
                self.wfile.write(ANSWER)


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_percentile_is_a_value_that_was_seen() -> None:
    ordered = [float(n) for n in range(1, 101)]
    assert [percentile(ordered, share) for share in (0.0, 0.5, 0.95, 0.99, 1.0)] == [1, 50, 95, 99, 100]
    assert percentile([7.0], 0.99) == 7


@pytest.mark.parametrize("cut", range(len(ANSWER)))
def test_an_answer_is_whole_with_its_last_byte_and_not_before(cut: int) -> None:
    assert not load.is_whole(ANSWER[:cut])
    assert load.is_whole(ANSWER)


def test_an_answer_that_tells_no_length_is_said() -> None:
    with pytest.raises(load.LoadError, match="without a length"):
        load.is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_every_request_is_answered_and_counted_once(address: tuple[str, int]) -> None:
    requests = [b"take\n", b"refuse\n", b"pieces\n", b"take\n"] * (REQUESTS // 4)
    for outcome in (load.closed(address, requests, 8), load.opened(address, requests, 8, per_second=5_000)):
        assert outcome.statuses == {"202": REQUESTS * 3 // 4, "503": REQUESTS // 4}
        assert outcome.refused == REQUESTS // 4
        assert outcome.first_error == REFUSAL
        assert len(outcome.latencies_ms) == REQUESTS
        assert min(outcome.latencies_ms) > 0


def test_webhooks_are_distinct_signed_and_of_the_stated_size() -> None:
    secret = b"s" * 32
    hook = Hook(80, "/v1/hooks/x", secret)
    requests = [hook.request(event) for event in native_events(50, "acme", "r")]
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests]
    assert len({json.loads(body)["data"]["id"] for body in bodies}) == len(bodies)
    assert 500 < sum(map(len, bodies)) / len(bodies) < 700
    for request, body in zip(requests, bodies, strict=True):
        lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        headers = {name: value for name, _, value in (line.partition(b": ") for line in lines)}
        assert int(headers[b"content-length"]) == len(body)
        verify(
            headers[b"webhook-id"],
            headers[b"webhook-timestamp"],
            headers[b"webhook-signature"],
            body,
            (secret,),
            int(headers[b"webhook-timestamp"]),
        )


def test_subjects_are_drawn_by_zipfs_law() -> None:
    drawn = Counter(zipf(1_000, 1.0, 200_000, random.Random(1)))
    assert drawn[0] / drawn[9] == pytest.approx(10, rel=0.1)
    assert drawn[0] / drawn[99] == pytest.approx(100, rel=0.25)


@pytest.mark.parametrize(("depth", "sources"), [(1, 1), (2, 4)])
def test_events_are_of_the_stated_shape(depth: int, sources: int) -> None:
    events = list(islice(outgoing(Shape("x", 500, 0.9, depth, sources), 300), 300))
    outbox = Outbox("ingest", 8, uuid7)
    states = [event.data.after for event in events]
    assert {state.subject.count("/") + 1 for state in states} == {depth}
    assert len({state.source.id for state in states}) == sources
    assert len({event.data.review_id for event in events}) == len(events)
    assert 1_000 < sum(len(outbox.encode(event)) for event in events) / len(events) < 1_400


def test_what_others_took_of_the_core_is_what_ours_did_not() -> None:
    meter = Meter({"ours": lambda: 0.0, "elsewhere": lambda: 0.0}, frozenset({"ours"}), frozenset({1}))
    first = Sample(10.0, {"ours": 1.0, "elsewhere": 5.0}, busy=100.0)
    last = Sample(20.0, {"ours": 7.0, "elsewhere": 9.0}, busy=108.0)
    spent = meter.between(first, last)
    assert spent.foreign_share == pytest.approx(0.2)
    assert spent.us_each("ours", 1_000_000) == pytest.approx(6)


def test_a_part_of_the_work_begins_and_ends_with_the_steps_that_reached_its_shares() -> None:
    meter = Meter({"ours": lambda: 0.0}, frozenset({"ours"}), frozenset({1}))
    steps = [
        Step(done, 1_000 + 3 * done, Sample(done / 100, {"ours": done / 200}, busy=0.0))
        for done in range(100, 1_100, 100)
    ]
    drained = Drained(steps, meter)
    done, spent = drained.part(0.25, 0.85)
    assert done == 600
    assert spent.wall_seconds == pytest.approx(6)
    assert drained.wal_bytes_each(0.25, 0.85) == 3
    assert [drained.whole[0], drained.second_half[0]] == [900, 500]


def test_rows_behind_lie_in_the_order_in_which_traffic_would_have_made_them() -> None:
    shape = Shape("x", subjects=10_000, exponent=0.9, depth=1, sources=1)
    subjects = [int(str(row[1]).removeprefix("shop-")) for row in keys.rows(shape)]
    assert sorted(subjects) == [*range(10_000)]
    assert median(subjects[:100]) < 1_000
    assert median(subjects[-5_000:]) > 5_000


def test_rows_behind_have_the_keys_that_the_events_add_to() -> None:
    shape = Shape("x", subjects=50, exponent=0.9, depth=1, sources=1)
    found = {row[:6] for row in keys.rows(shape)}
    for event in outgoing(shape, 100):
        review = msgspec.convert(msgspec.to_builtins(event.data.after), ScoredReview)
        deltas: Deltas = {}
        partition = partition_of(event.key.encode(), PARTITIONS)
        fold(deltas, event.tenant_id, partition, ScoredChange(before=None, after=review))
        assert deltas.keys() <= found


@pytest.mark.parametrize("name", KNOWN)
def test_every_name_stands_for_programs(name: str) -> None:
    assert set(SEVERAL.get(name, [name])) <= PROGRAMS.keys()
