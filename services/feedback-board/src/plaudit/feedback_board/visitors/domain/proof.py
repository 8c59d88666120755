"""A proof of work: what a browser computes for a second, so that one more act past a network's budget counts.

The text of a proof is `<hour>.<kind>.<random>.<tag>.<counter>`; the part before the last dot is the challenge, which we
sign and do not keep. SHA-256 of the whole begins with so many zero bits. A challenge is good for one act within the
hour that it was made in: whoever spends it does so in that hour's row of the budgets.
"""

import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final

PROOF_MAX_CHARACTERS: Final = 200
_HOUR: Final = "%Y%m%d%H"
_PROOF: Final = re.compile(r"(\d{10}\.([a-z]{1,16})\.[A-Za-z0-9_-]{22})\.([0-9a-f]{64})\.(\d{1,12})", re.ASCII)


def new_challenge(tenant_key: bytes, kind: str, now: datetime) -> str:
    """Return a challenge for one act of a kind, for example `vote`."""
    head = f"{now:{_HOUR}}.{kind}.{secrets.token_urlsafe(16)}"
    return f"{head}.{_tag(tenant_key, head)}"


def proven_act(tenant_key: bytes, kind: str, proof: str, bits: int, now: datetime) -> bytes | None:
    """Return the id of the one act that a proof is good for; None for what proves nothing here and now."""
    found = _PROOF.fullmatch(proof)
    if found is None or found[2] != kind or not found[1].startswith(f"{now:{_HOUR}}."):
        return None
    if not hmac.compare_digest(found[3], _tag(tenant_key, found[1])) or not has_zero_bits(proof, bits):
        return None
    return sha256(found[1].encode()).digest()[:16]


def has_zero_bits(text: str, bits: int) -> bool:
    """Say whether the SHA-256 of a text begins with so many zero bits."""
    return int.from_bytes(sha256(text.encode()).digest(), "big") >> (256 - bits) == 0


def _tag(tenant_key: bytes, head: str) -> str:
    return hmac.new(tenant_key, f"board proof:{head}".encode(), sha256).hexdigest()
