"""Rows come back in the order of their time, however many there are, and memory does not grow with them."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.ingest.transfer.domain.deliveries import cut
from plaudit.ingest.transfer.domain.mapping import FieldMapping, parse_columns
from plaudit.ingest.transfer.domain.reading import Options, RowReader
from plaudit.ingest.transfer.domain.rows import Ready, Row
from plaudit.ingest.transfer.domain.subjects import Subjects
from plaudit.ingest.transfer.store.files import opened
from plaudit.ingest.transfer.store.spill import MAX_HELD_BYTES, MAX_RUNS, SortedRows

MEBIBYTE = 1024 * 1024


@given(
    st.lists(st.tuples(st.integers(-(2**60), 2**60), st.text(max_size=3)), max_size=80),
    st.sampled_from([1, 1_000, MAX_HELD_BYTES]),
)
def test_rows_come_back_by_instant_then_id_then_line(keys: list[tuple[int, str]], max_held_bytes: int):
    rows = [Ready(instant, name, line, [b"{}"], [name, "x"]) for line, (instant, name) in enumerate(keys)]
    with SortedRows(max_held_bytes=max_held_bytes) as taken:
        for row in rows:
            taken.add(row)
        assert list(taken) == list(taken) == sorted(rows)
        assert (taken.count, taken.event_count) == (len(rows), len(rows))


def test_more_runs_than_are_merged_at_once_come_back_in_order():
    rows = [Ready(n * 7_919 % 1_000, "r", n, [b"{}"], []) for n in range(3 * MAX_RUNS)]
    with SortedRows(max_held_bytes=1) as taken:
        for row in rows:
            taken.add(row)
        assert list(taken) == sorted(rows)


def write(path: Path, count: int) -> Path:
    with path.open("w") as file:
        file.write("id,stars,date,text\n")
        for n in range(count):
            file.write(f'r-{n},{n % 5 + 1},2026-01-{n % 28 + 1:02}T{n % 24:02}:00:00Z,"Good, they said."\n')
    return path


def read(path: Path, held_bytes: int) -> tuple[int, int]:
    """Read a file and cut it into deliveries; return how many rows there were, and the most memory in use."""
    mapping = FieldMapping(parse_columns(["id=id", "rating=stars", "published_at=date", "text=text"]))
    tracemalloc.start()
    try:
        with SortedRows(max_held_bytes=held_bytes) as rows, opened(path, None, ",") as table:
            reader = RowReader(mapping, table.columns, Subjects({}), Options())
            for row in table.rows():
                assert isinstance(row, Row)
                made = reader.read(row)
                assert isinstance(made, Ready)
                rows.add(made)
            count = sum(len(delivery.rows) for delivery in cut(_in_order(rows), 500, 4 * MEBIBYTE))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _in_order(rows: SortedRows) -> Iterator[Ready]:
    before = -1
    for row in rows:
        assert row.instant >= before
        before = row.instant
        yield row


def test_memory_is_bounded_by_what_is_held_and_not_by_the_file(tmp_path: Path):
    path = write(tmp_path / "reviews.csv", 20_000)
    count, most = read(path, MEBIBYTE)
    all_held = read(path, 1024 * MEBIBYTE)
    assert count == all_held[0] == 20_000
    assert most < 6 * MEBIBYTE < all_held[1] / 2


@pytest.mark.soak
def test_two_million_rows_are_read_in_the_memory_of_a_few(tmp_path: Path):
    path = write(tmp_path / "reviews.csv", 2_000_000)
    count, most = read(path, MAX_HELD_BYTES)
    assert count == 2_000_000
    assert most < 8 * MAX_HELD_BYTES
