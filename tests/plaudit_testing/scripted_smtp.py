"""An SMTP server that answers each command with the bytes that a test says, and counts what it has got."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CUT: bytes = b""
"""In place of an answer: the connection ends."""
_DEFAULTS = {
    "GREETING": b"220 scripted",
    "EHLO": b"250-scripted\r\n250 8BITMIME",
    "DATA": b"354 go on",
    "QUIT": b"221 bye",
}


@dataclass
class ScriptedSmtp:
    """What the server answers, by verb; `.` is the end of a mail. An answer may be a function of the whole line."""

    answers: dict[str, bytes | Callable[[str], bytes]] = field(default_factory=dict)
    got: list[bytes] = field(default_factory=list)
    """The mails whose end it has seen, accepted or not."""
    verbs: Counter[str] = field(default_factory=Counter)
    recipients: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            is_open = await self._answer(writer, "GREETING", "")
            while is_open:
                line = (await reader.readuntil(b"\r\n")).decode("utf-8", "replace").strip()
                verb = line.partition(" ")[0].upper()
                if verb == "RCPT":
                    self.recipients.append(line.partition("<")[2].partition(">")[0])
                is_open = await self._answer(writer, verb, line)
                if verb == "DATA" and is_open and self._said(verb, line).startswith(b"354"):
                    self.got.append(await reader.readuntil(b"\r\n.\r\n"))
                    is_open = await self._answer(writer, ".", "")
                is_open = is_open and verb != "QUIT"
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, verb: str, line: str) -> bool:
        self.verbs[verb] += 1
        answer = self._said(verb, line)
        if answer == CUT:
            return False
        writer.write(answer + b"\r\n")
        await writer.drain()
        return True

    def _said(self, verb: str, line: str) -> bytes:
        said = self.answers.get(verb, _DEFAULTS.get(verb, b"250 OK"))
        return said(line) if callable(said) else said


@asynccontextmanager
async def open_scripted_smtp() -> AsyncIterator[ScriptedSmtp]:
    """A scripted server on a free port of the loopback interface."""
    scripted = ScriptedSmtp()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
