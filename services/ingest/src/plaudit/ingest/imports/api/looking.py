"""What a file is by its beginning, and how its first rows are read."""

import io
import zlib
from contextlib import ExitStack
from itertools import islice
from typing import Any, Final

import msgspec

from plaudit.common.refusals import WrongInputError
from plaudit.ingest.imports.domain import Understood, UnusableFileError, Wanted
from plaudit.ingest.imports.schemas import PreviewOut, reject_out, understood_out
from plaudit.ingest.transfer.domain.advice import Place, parts_of
from plaudit.ingest.transfer.domain.presets import by_name
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row
from plaudit.ingest.transfer.domain.subjects import SubjectError
from plaudit.ingest.transfer.domain.table import GZIP_MARK, UnreadableFileError
from plaudit.ingest.transfer.store.files import table_in

HEAD_BYTES: Final = 64 * 1024
"""What is looked at before a file is taken."""
PREVIEWED_ROWS: Final = 20


def columns_of(head: bytes, reading: Wanted) -> list[str]:
    """Return the columns of a file by its beginning.

    Raises:
        UnusableFileError: it has none that can be read.
    """
    try:
        with ExitStack() as stack:
            content = io.BytesIO(_unpacked(head))
            return table_in(stack, content, reading.encoding, reading.parting, is_json_lines=None).columns
    except (UnreadableFileError, WrongInputError) as error:
        raise UnusableFileError(*parts_of(error)) from error


def look_at(head: bytes, reading: Wanted, place: Place, *, has_more: bool) -> PreviewOut:
    """Return what a file is by its beginning, and how its first rows are read, in the words of a place.

    Raises:
        UnusableFileError: it cannot be read so.
    """
    plain = _unpacked(head)
    if has_more or len(plain) > HEAD_BYTES:
        plain, has_more = plain[: plain.rfind(b"\n") + 1] or plain, True
    events: list[Any] = []
    rejects: list[Reject] = []
    try:
        with ExitStack() as stack:
            table = table_in(stack, io.BytesIO(plain), reading.encoding, reading.parting, is_json_lines=None)
            reader, understood = reading.reader(table.columns, place)
            understood = msgspec.structs.replace(understood, encoding=table.encoding, delimiter=table.delimiter)
            try:
                for row in islice(table.rows(), PREVIEWED_ROWS):
                    read = reader.read(row) if isinstance(row, Row) else row
                    if isinstance(read, Ready):
                        events += map(msgspec.json.decode, read.events)
                    elif isinstance(read, Reject):
                        rejects.append(read)
            except UnreadableFileError:
                if not has_more or not (events or rejects):
                    raise
    except (UnreadableFileError, SubjectError, WrongInputError) as error:
        raise UnusableFileError(*parts_of(error)) from error
    return _preview(understood, events, rejects, place)


def _preview(understood: Understood, events: list[Any], rejects: list[Reject], place: Place) -> PreviewOut:
    preset = None if understood.preset is None else by_name(understood.preset)
    return PreviewOut(
        understood=understood_out(understood),
        hint="" if preset is None else preset.advice.told(place),
        events=events,
        rejects=[reject_out(each) for each in rejects],
    )


def _unpacked(head: bytes) -> bytes:
    """Return what a beginning says, at most a byte more than is looked at; gzip may have several members."""
    if not head.startswith(GZIP_MARK):
        return head
    plain, rest = b"", head
    try:
        while rest and len(plain) <= HEAD_BYTES:
            member = zlib.decompressobj(wbits=31)
            plain += member.decompress(rest, HEAD_BYTES + 1 - len(plain))
            rest = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        if not plain:
            raise UnusableFileError(f"the file begins as gzip, and is none: {error}") from error
    return plain
