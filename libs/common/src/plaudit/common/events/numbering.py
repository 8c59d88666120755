"""The number of an event: the epoch and sequence that the relay puts into the envelope."""

from typing import Final

MAX_SEQUENCE_DIGITS: Final = 20
_SEQUENCE_END: Final = 10**MAX_SEQUENCE_DIGITS


def splice(envelope: bytes, epoch: int, sequence: int) -> bytes:
    """Return the envelope with `epoch` and `sequence` added before its closing brace, as strings.

    The sequence is padded to 20 digits, so that it sorts as text.

    Raises:
        ValueError: the envelope does not end in `}`, has no member yet, or a number is out of range.
    """
    if not envelope.endswith(b"}") or len(envelope) <= len(b"{}"):
        raise ValueError("an envelope is a JSON object with members and nothing after its closing brace")
    if epoch < 1 or not 1 <= sequence < _SEQUENCE_END:
        raise ValueError(
            f"epoch {epoch} and sequence {sequence} must be at least 1, and sequence have 20 digits at most"
        )
    return b'%b,"epoch":"%d","sequence":"%020d"}' % (envelope[:-1], epoch, sequence)
