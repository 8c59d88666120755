"""The public board as a browser without scripts sees and uses it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from plaudit_testing.mailbox import Mailbox

BOARD = "/b/default"
VOID = {"meta", "link", "input", "br", "img", "path", "circle", "hr"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within, with single spaces."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Elements within, of a tag, with attributes (`class_` holds the word)."""
        return [element for element in self._within() if element._is(tag, attributes)]

    def one(self, tag: str = "", **attributes: str) -> "Element":
        """The only such element within."""
        (found,) = self.all(tag, **attributes)
        return found

    def _within(self) -> Iterator["Element"]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._within()

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        words = wanted.pop("class", "").split()
        return (
            (not tag or self.tag == tag)
            and all(self.attributes.get(name) == value for name, value in wanted.items())
            and set(words) <= set(self.attributes.get("class", "").split())
        )


class _Parser(HTMLParser):
    """Builds elements, and refuses what is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self._at = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(element)
        if tag not in VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at.children.append(Element(tag, {name: value or "" for name, value in attrs}, self._at))

    def handle_endtag(self, tag: str) -> None:
        assert self._at.tag == tag, f"</{tag}> closes <{self._at.tag}>"
        assert self._at.parent is not None
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.children.append(data)


def page_of(answer: httpx.Response) -> Element:
    """The page of an answer, all elements closed in order."""
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    parser = _Parser()
    parser.feed(answer.text)
    parser.close()
    assert parser._at is parser.root, f"<{parser._at.tag}> is not closed"
    return parser.root


async def submit(client: httpx.AsyncClient, form: Element, **typed: str) -> httpx.Response:
    """Send a form as a browser does: its fields, what was typed, and then follow the redirect."""
    inputs = [
        field
        for field in form.all("input")
        if field.attributes.get("type") not in {"checkbox", "radio"} or "checked" in field.attributes
    ]
    fields = {field.attributes["name"]: field.attributes.get("value", "") for field in inputs}
    fields |= {field.attributes["name"]: field.text for field in form.all("textarea")}
    assert form.attributes["method"] == "post"
    return await client.post(form.attributes["action"], data={**fields, **typed}, follow_redirects=True)


async def put_on_board(api: httpx.AsyncClient, title: str, status: str = "open", votes: int = 0, **more: Any) -> str:
    size = more.pop("size", None)
    made = (await api.post("/v1/requests", json={"title": title, **more})).json()
    path = f"/v1/requests/{made['id']}"
    for number in range(votes):
        await api.post(f"{path}/votes", json={"person": f"native:{number}"})
    if size:
        await api.put(f"{path}/sizing", json={"impact": size[0], "effort_weeks": size[1]})
    if status != "open":
        await api.put(f"{path}/status", json={"status": status, "reason": f"Because it is {status}."})
    return f"{BOARD}/r/{made['slug']}"


async def activity_of(api: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    request = (await api.get("/v1/requests")).json()["items"][0]
    entries = (await api.get(f"/v1/requests/{request['id']}/activity")).json()["items"]
    return [entry for entry in entries if entry["type"] == kind]


def link_in(mailbox: Mailbox) -> str:
    """The path of the link in the latest mail."""
    plain = mailbox.mails[-1].get_body(("plain",))
    assert plain is not None
    (path,) = re.findall(r"https?://[^/\s]+(/b/\S+)", plain.get_content())
    return str(path)
