"""Bytes that two readers could take differently: at each service's own port and at the door before them.

Every attack hides a request in what some reader would take for a body, and is followed by another request. No service
may handle a request that is not answered on the same connection under its own id: that is what smuggling would be.
"""

import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from plaudit_testing.edge import DOOR, Answers, EdgeHouse, exchange, request

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

CHUNKED = "Transfer-Encoding: chunked"
CLOSE = "Connection: close"
AT_ONCE = 24
ENDED = b"0\r\n\r\n"


@dataclass(frozen=True)
class Attack:
    """A head and what stands behind it. `{hidden}` in the body is a request that must not be taken for one."""

    name: str
    lines: Sequence[str]
    body: bytes = b"{hidden}"
    start: str = "POST {path} HTTP/1.1"
    host: Sequence[str] = ("Host: x",)
    statuses: frozenset[int] = frozenset({400})
    """Of a service's own answer."""
    is_two: bool = False
    """Whether a service may take what follows for another request: the head is well-formed."""
    end: str = "\r\n"

    def sent(self, path: str, key: str, hidden: bytes) -> bytes:
        start = [self.start.replace("{path}", path)] if self.start else []
        head = [*start, *self.host, f"Authorization: Bearer {key}", "Content-Type: application/json", *self.lines]
        text = self.end.join([*head, "", ""]).encode("latin-1")
        return text + self.body.replace(b"{hidden}", hidden)


def attacks() -> list[Attack]:
    length = "Content-Length: {}".format
    refused_coding = frozenset({400, 501})
    made = [
        Attack("length and chunks", [length(5), CHUNKED], ENDED + b"{hidden}"),
        Attack("chunks and length", [CHUNKED, length(300)], ENDED + b"{hidden}"),
        Attack("chunks and length of nothing", [CHUNKED, length(0)], b"5\r\nabcde\r\n" + ENDED + b"{hidden}"),
        Attack("two lengths", [length(2), length(0)], b"{}{hidden}"),
        Attack("two equal lengths", [length(2), length(2)], b"{}{hidden}"),
        Attack("length at the end of another header", ["A: b\x0bContent-Length: 2"], statuses=frozenset({400, 415})),
        Attack("a line folded into a length", [length(2), " 0"], b"{}{hidden}"),
        Attack("a folded header", ["A: b", "\tc: d", length(0)]),
        Attack("a folded first header", [" A: b", length(0)], host=()),
        Attack("a space before the colon", ["Content-Length : 2"], b"{}{hidden}"),
        Attack("a tab before the colon", ["Transfer-Encoding\t: chunked"], ENDED + b"{hidden}"),
        Attack("no colon", ["Content-Length 2"], b"{}{hidden}"),
        Attack("an empty name", [": x", length(0)]),
        Attack("NUL in a name", ["A\x00: b", length(0)]),
        Attack("NUL in a value", ["A: b\x00c", length(0)]),
        Attack("a bare CR in a value", ["A: b\rTransfer-Encoding: chunked", length(0)]),
        Attack("a bare CR at the end of a head", ["A: b\r\r", length(0)]),
        Attack("HTTP/1.0 with chunks", [CHUNKED], ENDED + b"{hidden}", start="POST {path} HTTP/1.0"),
        Attack("HTTP/2.0", [length(0)], start="POST {path} HTTP/2.0"),
        Attack("HTTP/1.2", [length(0)], start="POST {path} HTTP/1.2"),
        Attack("HTTP/11", [length(0)], start="POST {path} HTTP/11"),
        Attack("HTTP/1.1 twice", [length(0)], start="POST {path} HTTP/1.1 HTTP/1.1"),
        Attack("http/1.1", [length(0)], start="POST {path} http/1.1"),
        Attack("HTTP/0.9", [], start="GET {path}", host=(), statuses=frozenset({400})),
        Attack("no host", [length(0)], host=()),
        Attack("two hosts", [length(0)], host=("Host: x", "Host: y")),
        Attack("two equal hosts", [length(0)], host=("Host: x", "Host: x")),
        Attack("a host with a space", [length(0)], host=("Host: x y",)),
        Attack("a host with a path", [length(0)], host=("Host: x/y",)),
        Attack("a host with a name before it", [length(0)], host=("Host: a@x",)),
        Attack("an empty host", [length(0)], host=("Host:",)),
        Attack("a list of hosts", [length(0)], host=("Host: x, y z",)),
        Attack("authority form", [length(0)], start="POST x:80 HTTP/1.1", statuses=frozenset({400, 404})),
        Attack("CONNECT", [length(0)], start="CONNECT x:80 HTTP/1.1"),
        Attack("CONNECT of a path", [length(0)], start="CONNECT {path} HTTP/1.1"),
        Attack("HTTP/2 without TLS", [], b"SM\r\n\r\n{hidden}", start="PRI * HTTP/2.0", host=()),
        Attack("a space in the target", [length(0)], start="POST {path} x HTTP/1.1"),
        Attack("a tab in the line", [length(0)], start="POST\t{path} HTTP/1.1"),
        Attack("no target", [length(0)], start="POST HTTP/1.1"),
        Attack("a control character in the target", [length(0)], start="POST {path}\x01 HTTP/1.1"),
        Attack("an unknown method", [length(0)], start="SMUGGLE {path} HTTP/1.1", statuses=frozenset({501})),
        Attack("lines that end in LF", [length(0)], end="\n", statuses=frozenset({400, 401}), is_two=True),
    ]
    made += [
        Attack(f"a length of {text!r}", [f"Content-Length: {text}"], b"{}{hidden}")
        for text in ("+2", "-2", "2, 2", "2,3", "0x2", "2.0", "2e0", "1_0", "²", "2;", '"2"', "9" * 40, "")
    ]
    made += [
        Attack(f"a coding of {text!r}", [f"Transfer-Encoding: {text}"], ENDED + b"{hidden}", statuses=refused_coding)
        for text in (
            "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "chunked, identity", "xchunked",
            "chunkedx", "chunked;q=1", '"chunked"', "chunked\x0b", "\x0bchunked", "chunked\x00", "cow", "",
            ",chunked", "chunk ed",
        )
    ]  # fmt: skip
    made += [
        Attack(name, lines, ENDED + b"{hidden}", statuses=refused_coding)
        for name, lines in {
            "two codings": [CHUNKED, "Transfer-Encoding: cow"],
            "two codings, chunked last": ["Transfer-Encoding: cow", CHUNKED],
            "two of chunked": [CHUNKED, CHUNKED],
            "a coding and an empty one": [CHUNKED, "Transfer-Encoding:"],
            "a coding on a folded line": ["Transfer-Encoding:", " chunked"],
        }.items()
    ]
    made += [
        Attack(f"chunk {name}", [CHUNKED], chunk + b"\r\n" + ENDED + b"{hidden}", statuses=frozenset({400, 401, 413}))
        for name, chunk in {
            "of a size with 0x": b"0x2\r\n{}",
            "of a negative size": b"-2\r\n{}",
            "of a size with a sign": b"+2\r\n{}",
            "of a size with a space before it": b" 2\r\n{}",
            "of a size with an underscore": b"1_0\r\n{}",
            "of no size": b"\r\n{}",
            "of a size beyond 64 bits": b"10000000000000002\r\n{}",
            "of a size beyond any": b"f" * 40 + b"\r\n{}",
            "with a line that ends in LF": b"2\n{}",
            "with a line that ends in CR": b"2\r{}",
            "longer than its size": b"2\r\n{}}",
            "shorter than its size": b"3\r\n{}",
            "with a NUL in its extension": b"2;a=\x00\r\n{}",
            "with a bare LF in its extension": b"2;a\n{}",
        }.items()
    ]
    made += [
        Attack(f"{name} in a trailer", [CHUNKED], b"2\r\n{}\r\n0\r\n" + name.encode() + b": 9\r\n\r\n{hidden}")
        for name in ("Content-Length", "Transfer-Encoding", "transfer-encoding")
    ]
    return made


def well_formed() -> list[Attack]:
    """What looks odd and has one meaning only: it is served, and what follows it too."""
    served = frozenset({201, 202, 204, 400, 401, 403, 404, 405, 415, 422})
    bodies: Mapping[str, bytes] = {
        "an extension": b"2;a=b\r\n{}\r\n" + ENDED,
        "a quoted extension": b'2;a="0\\"\\r"\r\n{}\r\n' + ENDED,
        "leading zeros": b"0002\r\n{}\r\n" + ENDED,
        "trailers": b"2\r\n{}\r\n0\r\nHost: y\r\nAuthorization: Bearer x\r\nX-Request-Id: of-a-trailer\r\n\r\n",
        "one byte each": b"1\r\n{\r\n1\r\n}\r\n" + ENDED,
    }
    made = [
        Attack(f"chunks with {name}", [CHUNKED], body, statuses=served, is_two=True) for name, body in bodies.items()
    ]
    heads: Sequence[tuple[str, Sequence[str], str]] = (
        ("absolute form", ["Content-Length: 2"], "POST http://x{path} HTTP/1.1"),
        ("absolute form of another host", ["Content-Length: 2"], "POST http://evil.test{path} HTTP/1.1"),
        ("asterisk form", ["Content-Length: 2"], "OPTIONS * HTTP/1.1"),
        ("two spaces in the line", ["Content-Length: 2"], "POST  {path} HTTP/1.1"),
        ("empty lines before it", ["Content-Length: 2"], "\r\n\r\nPOST {path} HTTP/1.1"),
        ("spaces around a length", ["Content-Length: \t 2 \t"], "POST {path} HTTP/1.1"),
        ("another protocol", ["Connection: Upgrade", "Upgrade: h2c", "Content-Length: 2"], "POST {path} HTTP/1.1"),
    )
    made += [Attack(name, lines, b"{}", start, statuses=served, is_two=True) for name, lines, start in heads]
    capitals = ["tRANSFER-eNCODING: CHUNKED"]
    return [*made, Attack("a coding in capitals", capitals, ENDED, statuses=served, is_two=True)]


def paths(house: EdgeHouse, place: str) -> list[str]:
    """Of both kinds of routes, where a service has them."""
    return {
        "ingest": [house.hook, "/v1/sources"],
        "scoring": ["/v1/scores/acme"],
        "alerting": ["/v1/alerts/00000000-0000-0000-0000-000000000000/acknowledge"],
        "feedback-board": ["/v1/requests"],
        DOOR: [house.hook, "/v1/requests", "/v1/scores/acme"],
    }[place]


@dataclass(frozen=True)
class Seen:
    """What became of one attack."""

    what: str
    attack: Attack
    is_door: bool
    ids: frozenset[str]
    hidden: str
    behind: str
    answers: Answers

    def faults(self, handled: set[str]) -> list[str]:
        found = []
        reached = self.ids & handled
        if not reached <= self.answers.request_ids:
            found.append("a service has handled a request that is answered to nobody")
        if any(status >= 500 and status not in {501, 505} for status in self.answers.statuses):
            found.append(f"an answer of {self.answers.statuses}")
        if not self.is_door:
            found += self._faults_of_a_service(reached)
        elif reached and (self.answers.problem() or {}).get("detail") == "Its body cannot be read.":
            found.append("what stands behind a body that cannot be read is taken for a request")
        return [f"{self.what}: {fault} ({self.answers.text[:300]!r})" for fault in found]

    def _faults_of_a_service(self, reached: frozenset[str]) -> list[str]:
        statuses, found = self.answers.statuses, []
        if not statuses or statuses[0] not in self.attack.statuses:
            found.append(f"answered {statuses}, not {sorted(self.attack.statuses)}")
        if self.attack.is_two:
            if b"{hidden}" not in self.attack.body and len(statuses) != 2:
                found.append("what follows is not answered")
        elif reached or len(statuses) != 1:
            found.append("what follows is read")
        elif (self.answers.problem() or {}).get("instance") not in self.answers.request_ids:
            found.append("no problem with a request id")
        return found


def attacked(house: EdgeHouse, place: str, path: str, attack: Attack) -> Seen:
    hidden, behind = (f"{name}-{uuid.uuid4().hex}" for name in ("hidden", "behind"))
    smuggled, follows = (
        request("GET", "/v1/scores/acme", f"X-Request-Id: {name}", *more)
        for name, more in ((hidden, ()), (behind, (CLOSE,)))
    )
    answers = exchange(house.ports[place], attack.sent(path, house.running.key, smuggled) + follows)
    ids = frozenset({hidden, behind})
    return Seen(f"{place} {path}: {attack.name}", attack, place == DOOR, ids, hidden, behind, answers)


def test_no_request_is_smuggled_past_a_reader_and_what_is_ambiguous_is_refused_with_a_problem(
    house: EdgeHouse,
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = [
            threads.submit(attacked, house, place, path, attack)
            for place in house.ports
            for path in paths(house, place)
            for attack in [*attacks(), *well_formed()]
        ]
        seen = [each.result() for each in started]
    handled = house.handled()
    faults = [fault for each in seen for fault in each.faults(handled)]
    assert faults == [], "\n".join(faults)
    assert any(each.behind in handled for each in seen), "requests are found in the logs"
    assert all(service.running for service in house.services.values())
