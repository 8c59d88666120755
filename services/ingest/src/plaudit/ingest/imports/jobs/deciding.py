"""A process that decides about the rows of an import, while the one that started it writes those before them.

It reads tasks from its standard input and answers each on its standard output: what becomes of a group of deliveries if
all of it is new, as the parameters of the statement that writes it. It holds nothing of its own. It ends when its input
ends: when whoever started it does.
"""

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import IO, Any, Final

import msgspec
import structlog

from plaudit.common.ids import uuid7
from plaudit.common.memory import tune_memory
from plaudit.common.outbox import Outbox
from plaudit.ingest.hooks import commands as hooks
from plaudit.ingest.hooks.domain import Outcome, Receipt
from plaudit.ingest.imports.commands import Prepared, Terms
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.sorting.domain import language
from plaudit.ingest.sorting.domain.rules import CompiledRules, RulesInForce

_LENGTH: Final = struct.Struct(">I")

log = structlog.get_logger()


class _Body(msgspec.Struct, array_like=True):
    sent_id: str
    content: bytes


class _Task(msgspec.Struct, array_like=True):
    """Deliveries, and what they are decided with."""

    terms: Terms
    at: datetime
    bodies: list[_Body]


class _Answer(msgspec.Struct, array_like=True):
    """What becomes of them; no parameters where a review would have to be looked up."""

    outcomes: list[Outcome]
    arguments: list[Any] | None


_UNDECIDED: Final = _Answer([], None)
_encode = msgspec.msgpack.Encoder().encode
_decode_task = msgspec.msgpack.Decoder(_Task).decode
_decode_answer = msgspec.msgpack.Decoder(_Answer).decode


class Decider:
    """The process, for whoever starts it. Its methods wait, so they are for threads."""

    def __init__(self, partitions: int) -> None:
        """Start the process, which gets ready by itself, for a bus of so many partitions."""
        command = [sys.executable, "-m", __name__, str(partitions)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - itself

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def prepare(self, terms: Terms, at: datetime, bodies: Sequence[tuple[str, bytes]]) -> Prepared | None:
        """Return what becomes of deliveries, given by their ids and bodies, if all of them are new.

        None where a review would have to be looked up, or where this cannot be told: the process has ended.
        """
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None, "it was started with one"
        assert told is not None, "it was started with one"
        try:
            _send(asked, _encode(_Task(terms, at, [_Body(*each) for each in bodies])))
            received = _receive(told)
        except OSError:
            received = None
        if received is None:
            log.warning("import_decider_ended", exit_code=self._process.poll())
            return None
        answer = _decode_answer(received)
        if answer.arguments is None:
            return None
        return Prepared(terms, at, [Receipt(outcome) for outcome in answer.outcomes], answer.arguments)

    def close(self) -> None:
        """End the process."""
        process = self._process
        process.kill()
        for pipe in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError):  # what could not be sent
                pipe.close()
        process.wait()


def _send(stream: IO[bytes], content: bytes) -> None:
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """Return what the other end has sent; None where it has ended."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None


@lru_cache(maxsize=1)
def _rules(encoded: bytes) -> CompiledRules:
    return msgspec.msgpack.decode(encoded, type=RulesInForce).compiled()


def answer(task: _Task, outbox: Outbox) -> _Answer:
    """Return what becomes of deliveries if all of them are new."""
    terms = task.terms
    rules = _rules(_encode(terms.in_force))
    read = ADAPTERS["native"].read
    deliveries = [
        terms.delivery(str(uuid7()), each.sent_id, each.content, read(each.content, terms.source), rules)
        for each in task.bodies
    ]
    if not all(each.may_be_new for each in deliveries):
        return _UNDECIDED
    prepared = hooks.prepare(task.at, outbox, uuid7, deliveries)
    if prepared is None:
        return _UNDECIDED
    receipts, arguments = prepared
    return _Answer([msgspec.structs.replace(each.outcome, body=b"") for each in receipts], arguments)


def main() -> None:
    """Answer tasks until there are no more."""
    # Whoever started it ends it, also where a terminal interrupts both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed is no answer
    language.load()
    tune_memory()
    outbox = Outbox("ingest", int(sys.argv[1]), uuid7)
    while (received := _receive(sys.stdin.buffer)) is not None:
        try:
            encoded = _encode(answer(_decode_task(received), outbox))
        except Exception:  # noqa: BLE001 - as said below
            # Whoever asked decides by itself then, meets the same error, and tells it to the import.
            encoded = _encode(_UNDECIDED)
        _send(answers, encoded)


if __name__ == "__main__":
    main()
