"""The fixtures of platforms as samples to send: each with ids of its own and times of now, so that it counts as new.

The values of a fixture are invented, and packaged with the adapters. Which of them are ids of reviews is asked of the
adapter: those whose change changes the id that it reads. Times are known by their form.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from math import floor
from typing import Any, Final
from uuid import UUID

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.adapter import Adapter, UnusableBodyError
from plaudit.ingest.reviews.domain.instructions import NO_INSTRUCTION, CreateReview, Item, Quarantined
from plaudit.ingest.sources.domain import KeyedSource

SUBJECT: Final = "harbourlight"
"""That the fixtures of the native format are about; a sample leaves the subject to the source."""
SUFFIX: Final = ".json"
"""Of a fixture; what belongs to one, such as what is expected of it, has another part before it."""
SAMPLE: Final = "created"
"""The fixture that is the sample of its platform, where there is one of this name that creates a review."""
ZONE_MARGIN: Final = timedelta(hours=14)
"""A time without a zone lies in the past everywhere if it is so much before now in UTC."""
NEW_NUMBERS_FROM: Final = 10**14
"""Numbers of 15 digits, which every reader of JSON keeps exact."""

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d+)?( ?UTC|Z|[+-]\d\d:?\d\d)?", re.ASCII)
_TIME_KEY: Final = re.compile(r"(at|date|time|timestamp|created|updated|modified|(^|_)on)$", re.IGNORECASE)
_UNIX_TIME: Final = re.compile(r"[1-3]\d{9}(\d{3})?", re.ASCII)
"""Seconds or milliseconds from 2001 to 2096."""
_HEX: Final = re.compile(r"[0-9a-f]{16,64}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEFT_OUT: Final = object()
"""Stands for a member that a changed object has no more."""
_KEY: Final = "key of the object"
"""Ends the path of a key that may be an id: one of digits."""
_PERSON_KEYS: Final = (b"one", b"another")
"""An id that is other by another of these is none that the platform sends."""

Path = tuple[str | int, ...]
"""Keys and places that lead to a value."""
Change = Callable[[Path, Any], Any]


@dataclass(frozen=True)
class Sample:
    """A body to send."""

    body: bytes
    ids: tuple[str, ...]
    """Of its reviews, as they are read."""


class UnsuitableFixtureError(ValueError):
    """A fixture that cannot be made what was asked for; the text says why."""


def names(platform: str) -> list[str]:
    """Return the names of a platform's fixtures; none for an unknown platform."""
    if platform not in ADAPTERS:
        return []
    found = [path.name for path in _folder(platform).iterdir()]
    return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX) and name.count(".") == 1)


def stored(platform: str, name: str) -> bytes:
    """Return a fixture as it is stored."""
    body: bytes = (_folder(platform) / f"{name}{SUFFIX}").read_bytes()
    return body


def becomes(platform: str, name: str) -> str:
    """Return what the events of a fixture become, such as `create` or `2 create, 1 ignored`."""
    kinds = Counter(str(item.__struct_config__.tag) for item in _read(ADAPTERS[platform], stored(platform, name)))
    return ", ".join(kind if len(kinds) == count == 1 else f"{count} {kind}" for kind, count in kinds.items())


def sample(platform: str, salt: str, now: datetime) -> Sample:
    """Return a body that creates a review, and one alone where the platform can say so: the sample of its platform.

    Args:
        platform: one that has an adapter.
        salt: of which the ids are made; the same salt gives the same ids.
        now: the newest time in it.

    Raises:
        UnsuitableFixtureError: no fixture of the platform creates a review.
    """
    adapter = ADAPTERS[platform]
    wholes = [json.loads(stored(platform, name)) for name in sorted(names(platform), key=_of_samples_first)]
    parts = [part for body in wholes for part in _parts(body)]
    for is_sample in (_creates_one, _creates_some):
        for body in (*wholes, *parts):
            if is_sample(_items(adapter, body)):
                return renew(adapter, body, salt, now)
    raise UnsuitableFixtureError(f"no fixture of {platform} creates a review")


def renewed(platform: str, name: str, salt: str, now: datetime, review_id: str | None = None) -> Sample:
    """Return a fixture made new, see `renew`."""
    return renew(ADAPTERS[platform], json.loads(stored(platform, name)), salt, now, review_id)


def renew(adapter: Adapter, body: Any, salt: str, now: datetime, review_id: str | None = None) -> Sample:
    """Return a body with new ids of its reviews, and with its times moved so that the newest one is now.

    Args:
        adapter: of its platform.
        body: as it is decoded.
        salt: of which the ids are made; the same salt gives the same ids.
        now: the newest time in it; 14 hours earlier where the platform's times have no zone.
        review_id: the id that its one review gets instead.

    Raises:
        UnsuitableFixtureError: it holds no review, or several, where one id is given; or the id cannot be one of its.
    """
    body = _changed(body, _without_subject)
    old = _ids(adapter, body)
    if review_id is not None and len({*_sent_ids(adapter, body)}) != 1:
        raise UnsuitableFixtureError(f"this sample of {adapter.platform} is not about one review with an id of its own")
    texts = {str(value): value for path, value in _values(body) if _is_id(adapter, body, path, value, old)}
    new = {
        text: _given(review_id, text, old, value) if review_id else _new(text, salt) for text, value in texts.items()
    }
    moved = _moved(now, body)

    def change(path: Path, value: Any) -> Any:
        if _is_text_or_number(value) and str(value) in new:
            return int(new[str(value)]) if isinstance(value, int) else new[str(value)]
        return moved(path, value)

    made = _changed(body, change)
    if {*_ids(adapter, made)} & {*old} - {None} or (review_id and _sent_ids(adapter, made) != (review_id,)):
        raise UnsuitableFixtureError(f"this sample of {adapter.platform} cannot be given {review_id or 'new ids'}")
    return Sample(json.dumps(made, ensure_ascii=False).encode(), _sent_ids(adapter, made))


def _of_samples_first(name: str) -> tuple[bool, str]:
    return name != SAMPLE, name


def _creates_one(items: list[Item]) -> bool:
    return len(items) == 1 and isinstance(items[0], CreateReview)


def _creates_some(items: list[Item]) -> bool:
    quarantines = any(isinstance(item, Quarantined) for item in items)
    return not quarantines and any(isinstance(item, CreateReview) for item in items)


def _parts(value: Any) -> Iterator[Any]:
    """Yield a body with one element alone of an array, or one member alone of an object whose keys are ids."""
    if isinstance(value, list):
        yield from ([each] for each in value)
    if isinstance(value, dict):
        if value and all(_is_id_key(key) for key in value):
            yield from ({key: member} for key, member in value.items())
        for key, member in value.items():
            yield from ({**value, key: part} for part in _parts(member))


def _folder(platform: str) -> Any:
    return files(__package__) / platform.replace("-", "_") / "fixtures"


def _read(adapter: Adapter, body: bytes, person_key: bytes = _PERSON_KEYS[0]) -> list[Item]:
    source = KeyedSource(
        tenant_id="default",
        id=str(UUID(int=0)),
        name="sample",
        platform=adapter.platform,
        subject=SUBJECT,
        secret="",
        time_zone="UTC",
        created_at=datetime.fromtimestamp(0, UTC),
        person_key=person_key,
    )
    return adapter.read(body, source)


def _sent_ids(adapter: Adapter, body: Any) -> tuple[str, ...]:
    """Return the ids of the reviews in a body, but for those that ingest makes itself, with a key of the tenant."""
    both = zip(*(_ids(adapter, body, person_key) for person_key in _PERSON_KEYS), strict=True)
    return tuple(dict.fromkeys(one for one, other in both if one is not None and one == other))


def _ids(adapter: Adapter, body: Any, person_key: bytes = _PERSON_KEYS[0]) -> list[str | None]:
    """Return the id of the review of each event; none for a body that cannot be read."""
    items = _items(adapter, body, person_key)
    return [None if isinstance(item, NO_INSTRUCTION) else item.external_id for item in items]


def _items(adapter: Adapter, body: Any, person_key: bytes = _PERSON_KEYS[0]) -> list[Item]:
    try:
        return _read(adapter, json.dumps(body).encode(), person_key)
    except (UnusableBodyError, InvalidJsonError):
        return []


def _is_id(adapter: Adapter, body: Any, path: Path, value: Any, old: list[str | None]) -> bool:
    """Return whether another value in this place makes another id, and costs no event."""
    other = int(_new(str(value), "other")) if isinstance(value, int) else _new(value, "other")
    ids = _ids(adapter, _changed(body, lambda each, kept: other if each == path else kept))
    return ids != old and [one is None for one in ids] == [one is None for one in old]


def _new(text: str, salt: str) -> str:
    """Return another id of the same form."""
    digest = sha256(f"{salt} {text}".encode())
    if text.isascii() and text.isdecimal():
        return str(NEW_NUMBERS_FROM + int.from_bytes(digest.digest()[:8]) % (9 * NEW_NUMBERS_FROM))
    if _HEX.fullmatch(text):
        return digest.hexdigest()[: len(text)]
    if _UUID.fullmatch(text):
        return str(UUID(bytes=digest.digest()[:16], version=4))
    return f"{text}-{digest.hexdigest()[:12]}"


def _given(review_id: str, text: str, old: list[str | None], value: Any) -> str:
    """Return what the text of an id becomes, so that the id that is read is the given one."""
    before = next(each for each in old if each is not None).removesuffix(text)
    rest = review_id.removeprefix(before)
    if not rest or not review_id.startswith(before) or (isinstance(value, int) and not rest.isdecimal()):
        form = f"{before}{'<digits>' if isinstance(value, int) else '<id>'}"
        raise UnsuitableFixtureError(f"the id {review_id!r} is none of this platform: it is written {form}")
    return rest


def _moved(now: datetime, body: Any) -> Change:
    """Return the change that moves times, by as much as the newest one of a body lies before now."""
    times = [(time, has_zone) for path, value in _values(body) for time, has_zone in _times(path, value)]
    if not times:
        return lambda _path, value: value
    end = now if all(has_zone for _, has_zone in times) else now - ZONE_MARGIN
    by = timedelta(seconds=floor((end - max(time for time, _ in times)).total_seconds()))

    def move(path: Path, value: Any) -> Any:
        for time, _ in _times(path, value):
            return _rewritten(value, time + by)
        return value

    return move


def _times(path: Path, value: Any) -> Iterator[tuple[datetime, bool]]:
    """Yield the time that a value is, if it is one, and whether its zone is certain."""
    text = str(value)
    written = _TIME.fullmatch(text)
    if written is not None:
        day, _, clock, fraction, zone = written.groups()
        offset = "+00:00" if zone is None or "UTC" in zone or zone == "Z" else zone
        yield datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{offset}"), zone is not None
    elif _is_text_or_number(value) and _TIME_KEY.search(str(path[-1])) and _UNIX_TIME.fullmatch(text):
        yield datetime.fromtimestamp(int(text[:10]), UTC), True


def _rewritten(value: Any, time: datetime) -> Any:
    """Return a time in the form of another one."""
    text = str(value)
    written = _TIME.fullmatch(text)
    if written is not None:
        _, between, _, fraction, zone = written.groups()
        return f"{time:%Y-%m-%d}{between}{time:%H:%M:%S}{fraction or ''}{zone or ''}"
    unix = f"{int(time.timestamp())}{text[10:]}"
    return int(unix) if isinstance(value, int) else unix


def _without_subject(path: Path, value: Any) -> Any:
    is_subject = path[-1:] == ("subject",) and isinstance(value, str) and value.split("/")[0] == SUBJECT
    return _LEFT_OUT if is_subject else value


def _changed(value: Any, change: Change, path: Path = ()) -> Any:
    """Return a value with each of its single values changed."""
    if isinstance(value, dict):
        members = (
            (change((*path, key, _KEY), key) if _is_id_key(key) else key, _changed(member, change, (*path, key)))
            for key, member in value.items()
        )
        return {key: member for key, member in members if member is not _LEFT_OUT}
    if isinstance(value, list):
        return [_changed(member, change, (*path, place)) for place, member in enumerate(value)]
    return change(path, value)


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the texts and whole numbers in a value, and the keys that may be ids, each with where it stands."""
    if isinstance(value, dict):
        yield from (((*path, key, _KEY), key) for key in value if _is_id_key(key))
    if isinstance(value, (dict, list)):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _values(member, (*path, key))
    elif _is_text_or_number(value):
        yield path, value


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _is_id_key(key: str) -> bool:
    return key.isascii() and key.isdecimal()
