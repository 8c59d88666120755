"""The stored form of a state. Each revision says which form it has, so that a new one needs no rewriting."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from plaudit.ingest.reviews.domain.state import Answer, RawRating, ReviewState
from plaudit.ingest.sources.domain import SourceRef

STATE_FORMAT: Final = 3
"""The form that states are written in: MessagePack, each value at its place. It takes half the bytes of the first. The
second is the same without what was found in the words: code that knows only that one would lose it."""

_encode = msgspec.msgpack.Encoder().encode


class _NamedRating(RawRating, frozen=True, array_like=False):
    """A raw rating in the first form."""


class _NamedSource(SourceRef, frozen=True, array_like=False):
    """A source in the first form."""


class _NamedAnswer(Answer, frozen=True, array_like=False):
    """An answer in the first form."""


class _NamedState(ReviewState, frozen=True, kw_only=True, array_like=False):
    """A state in the first form: JSON, each value by its name."""

    raw_rating: _NamedRating
    source: _NamedSource
    answer: _NamedAnswer | None = None


_decode_named = msgspec.json.Decoder(_NamedState).decode


def _first(stored: bytes) -> ReviewState:
    return msgspec.convert(_decode_named(stored), ReviewState, from_attributes=True)


_by_place = msgspec.msgpack.Decoder(ReviewState).decode

_DECODE: Final[Mapping[int, Callable[[bytes], ReviewState]]] = {
    1: _first,
    2: _by_place,
    3: _by_place,
}


def encode_state(state: ReviewState | None) -> bytes | None:
    """Return a state as a revision stores it, in `STATE_FORMAT`."""
    return None if state is None else _encode(state)


def decode_state(stored: bytes | None, state_format: int) -> ReviewState | None:
    """Return the state that a revision stores.

    Raises:
        KeyError: a format that this code does not know.
    """
    return None if stored is None else _DECODE[state_format](stored)
