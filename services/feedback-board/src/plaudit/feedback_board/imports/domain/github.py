"""Issues of GitHub, as `gh issue list --json` and the REST API have them, as cells of our columns.

The two name the same things otherwise; what neither has is not said. An issue that is closed and does not say why
counts as completed, as GitHub itself shows it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from plaudit.common.strict_json import InvalidJsonError, loads
from plaudit.feedback_board.imports.domain.csv_table import decoded
from plaudit.feedback_board.imports.domain.rows import MAX_ROWS, Refusal, UnusableFileError
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.status import Status

SOURCE: Final = "github"
MAX_NODES: Final = 60 * MAX_ROWS
MAX_STRING_BYTES: Final = 4 * 1024 * 1024
_LABELS: Final = {
    "planned": Status.PLANNED,
    "in progress": Status.IN_PROGRESS,
    "under review": Status.UNDER_REVIEW,
}
"""Label of an open issue → its status."""
_WHY_CLOSED: Final = {
    "": Status.SHIPPED,
    "completed": Status.SHIPPED,
    "not planned": Status.DECLINED,
    "duplicate": Status.DECLINED,
}
_DECLINED: Final = "It was closed on GitHub as not planned."
_DUPLICATE: Final = "It was closed on GitHub as a duplicate."


def read_issues(body: bytes) -> Iterator[tuple[int, Mapping[str, str]] | Refusal]:
    """Yield field → cell of each issue, with its place in the file, from 1.

    Raises:
        UnusableFileError: it is no JSON array of issues.
    """
    try:
        found = loads(decoded(body).encode(), max_nodes=MAX_NODES, max_string_bytes=MAX_STRING_BYTES)
    except InvalidJsonError as error:
        raise UnusableFileError(f"the file is not JSON that can be read: {error}") from error
    if isinstance(found, dict):
        found = found.get("items")
    if not isinstance(found, list):
        raise UnusableFileError("the file is no JSON array of issues: send what `gh issue list --json …` prints")
    return _issues(found)


def _issues(found: list[Any]) -> Iterator[tuple[int, Mapping[str, str]] | Refusal]:
    for place, issue in enumerate(found, start=1):
        try:
            yield place, cells_of(issue)
        except InvalidInputError as error:
            yield Refusal(place, error.field, str(error))


def cells_of(issue: object) -> dict[str, str]:
    """Return field → cell of an issue. Raises InvalidInputError."""
    if not isinstance(issue, dict):
        raise InvalidInputError("", "this is no issue, which is a JSON object")
    if issue.get("pull_request") is not None:
        raise InvalidInputError("pull_request", "this is a pull request and no issue")
    url = _text(issue, "html_url") or _text(issue, "url")
    cells = {
        "source": SOURCE,
        "external_id": _external_id(url),
        "url": url,
        "title": _text(issue, "title"),
        "text": _text(issue, "body"),
        "created_at": _text(issue, "created_at") or _text(issue, "createdAt"),
        "votes": _count("reactions", _thumbs(issue)),
        "comments": _count("comments", issue.get("comments")),
    }
    return {**cells, **_status(issue)}


def _external_id(url: str) -> str:
    """Return `owner/name#12` for the address of an issue, whichever of its addresses that is."""
    try:
        parts = [part for part in urlsplit(url).path.split("/") if part]
    except ValueError:
        parts = []
    if parts[:1] == ["repos"]:
        parts = parts[1:]
    match parts:
        case [owner, name, "issues", number] if number.isascii() and number.isdigit():
            return f"{owner}/{name}#{number}".casefold()
    raise InvalidInputError(
        "html_url", "html_url (url of `gh`) must be the address of an issue: name it to be known again"
    )


def _status(issue: Mapping[str, Any]) -> dict[str, str]:
    state = _text(issue, "state").casefold()
    if state in {"", "open"}:
        named = [status for label in _labels(issue) if (status := _LABELS.get(label)) is not None]
        if named:
            return {"status": max(named, key=_rank).value}
        return {"status": Status.OPEN.value} if state else {}
    if state != "closed":
        raise InvalidInputError("state", "state must be open or closed")
    why = (_text(issue, "state_reason") or _text(issue, "stateReason")).replace("_", " ").casefold()
    status = _WHY_CLOSED.get(why)
    if status is None:
        raise InvalidInputError("state_reason", "state_reason must be completed, not_planned or duplicate")
    if status is Status.DECLINED:
        return {"status": status.value, "status_reason": _DUPLICATE if why == "duplicate" else _DECLINED}
    return {"status": status.value}


def _rank(status: Status) -> int:
    """Return how far a status is: the one that is furthest counts where labels name several."""
    return list(Status).index(status)


def _labels(issue: Mapping[str, Any]) -> Iterator[str]:
    labels = issue.get("labels") or []
    if not isinstance(labels, list):
        raise InvalidInputError("labels", "labels must be a list")
    for label in labels:
        name = label.get("name") if isinstance(label, dict) else label
        if isinstance(name, str):
            yield " ".join(name.replace("-", " ").replace("_", " ").casefold().split())


def _thumbs(issue: Mapping[str, Any]) -> object:
    """Return the number of thumbs up, None where the file has no reactions."""
    reactions = issue.get("reactions")
    if isinstance(reactions, dict):
        return reactions.get("+1")
    groups = issue.get("reactionGroups")
    if not isinstance(groups, list):
        return None
    for group in groups:
        if isinstance(group, dict) and group.get("content") == "THUMBS_UP":
            users = group.get("users")
            return users.get("totalCount") if isinstance(users, dict) else None
    return 0


def _count(field: str, found: object) -> str:
    """Return a number, or that of a list, as a cell."""
    if found is None:
        return ""
    if isinstance(found, list):
        return str(len(found))
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise InvalidInputError(field, f"{field} must be a whole number")
    return str(found)


def _text(issue: Mapping[str, Any], name: str) -> str:
    found = issue.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise InvalidInputError(name, f"{name} must be a text")
    return found
