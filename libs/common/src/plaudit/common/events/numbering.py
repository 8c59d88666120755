"""The number of an event: the epoch and sequence that the relay puts into the envelope."""

from typing import Final

MAX_SEQUENCE_DIGITS: Final = 20
_SEQUENCE_END: Final = 10**MAX_SEQUENCE_DIGITS


def ending_template(epoch: int, first: int, count: int = 1) -> bytes:
    """Return what ends the envelopes of numbered events, in place of their closing brace: `%` fills in the sequence.

    Both are strings, and the sequence is padded to 20 digits, so that it sorts as text.

    Args:
        epoch: of all the events.
        first: the first event's sequence.
        count: how many events there are, with one sequence after the other.

    Raises:
        ValueError: a number is out of range.
    """
    if epoch < 1 or first < 1 or first + count > _SEQUENCE_END:
        raise ValueError(f"epoch {epoch} and sequence {first} must be at least 1, and sequence have 20 digits at most")
    return b',"epoch":"%d","sequence":"%%020d"}' % epoch


def splice(envelope: bytes, epoch: int, sequence: int) -> bytes:
    """Return the envelope with `epoch` and `sequence` added before its closing brace, as strings.

    Raises:
        ValueError: the envelope does not end in `}`, has no member yet, or a number is out of range.
    """
    if not envelope.endswith(b"}") or len(envelope) <= len(b"{}"):
        raise ValueError("an envelope is a JSON object with members and nothing after its closing brace")
    return envelope[:-1] + ending_template(epoch, sequence) % sequence
