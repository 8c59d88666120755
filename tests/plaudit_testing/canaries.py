"""Personal data that is planted in payloads, and that must not show up where operators or others read."""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

ADDRESS = "canary.quibblefrotz@example.com"
NAME = "Canarina Quibblefrotz"
PHONE = "+49 30 5550199"
WORDS = "zwickelfroh"
"""Of a text: it is public, and so on the bus, but in nothing that operators read."""
CONTACT = ("quibblefrotz", "Canarina", "5550199")
ALL = (*CONTACT, WORDS)
MIXED = f"{NAME} <{ADDRESS}> {PHONE} {WORDS}"
PERSONAL = frozenset(
    ("author", "buyer", "consumer", "customer", "email", "guest", "person", "phone", "respondent", "reviewer", "user")
)
"""Parts of names under which platforms say who somebody is."""
TEXTS = ("text", "comment", "content", "title", "body", "answer", "value", "reply", "review", "version", "order")
"""Parts of names under which they say what was written, and of what."""


def told(text: str, canaries: Sequence[str] = ALL) -> list[str]:
    """Which canaries a text holds, in whatever case."""
    return [canary for canary in canaries if canary.lower() in text.lower()]


def planted(document: Any) -> Iterator[tuple[str, bytes]]:
    """Copies of a payload, each with all canaries in place of one value or one name, and which it is."""
    for path in _paths(document):
        for value in (MIXED, [MIXED], {MIXED: MIXED}):
            changed, holder = _copied(document, path)
            holder[path[-1]] = value
            yield _written(path), json.dumps(changed).encode()
        changed, holder = _copied(document, path)
        if isinstance(holder, dict):
            holder[MIXED] = holder.pop(path[-1])
            yield f"{_written(path)} by another name", json.dumps(changed).encode()
    yield "not JSON", json.dumps(document).encode()[:-1] + f', "{MIXED}'.encode()
    yield "doubled", f'{{"{ADDRESS}": 1, "{ADDRESS}": {json.dumps(document)}}}'.encode()


def personal(document: Any) -> Iterator[tuple[str, bytes]]:
    """Copies of a payload, each with an address in place of one text that says who somebody is."""
    for path in _paths(document):
        names = [part.lower().replace("usercomment", "") for part in path if isinstance(part, str)]
        _, holder = _copied(document, path)
        is_person = any(name in part for name in PERSONAL for part in names)
        is_text = bool(names) and any(name in names[-1] for name in TEXTS)
        if is_person and not is_text and isinstance(holder[path[-1]], str):
            changed, holder = _copied(document, path)
            holder[path[-1]] = ADDRESS
            yield _written(path), json.dumps(changed).encode()


def _paths(value: Any, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*before, name)
        yield from _paths(member, (*before, name))


def _copied(document: Any, path: tuple[str | int, ...]) -> tuple[Any, Any]:
    changed = copy.deepcopy(document)
    holder = changed
    for part in path[:-1]:
        holder = holder[part]
    return changed, holder


def _written(path: tuple[str | int, ...]) -> str:
    return "/".join(map(str, path))
