"""The keys that a feed is asked for with: one of each tenant, one a line of a file."""

from collections.abc import Iterable
from typing import Final

from plaudit.common.api_keys import store
from plaudit.common.api_keys.domain import ALL_SCOPES, StoredSecret, is_secret, parse
from plaudit.common.db import Tx
from plaudit.common.refusals import WrongInputError

SCOPE: Final = "reviews:read"


async def of_tenants(tx: Tx, lines: Iterable[str]) -> dict[str, str]:
    """Return tenant → its key, of the lines of a file; empty lines and those that begin with `#` say nothing.

    Raises:
        WrongInputError: a line is no key that is valid and may read reviews, two are of one tenant, or there is none.
    """
    found: dict[str, str] = {}
    for number, text in enumerate((line.strip() for line in lines), 1):
        if text and not text.startswith("#"):
            tenant_id = await _tenant_of(tx, number, text)
            if tenant_id in found:
                raise WrongInputError(f"line {number} has another key of the tenant {tenant_id}: leave one of them")
            found[tenant_id] = text
    if not found:
        raise WrongInputError(
            "the file has no key: put one of each tenant into it, a line each, as "
            f"`plaudit keys create --tenant T --name refill --scopes {SCOPE} --expires-in 1d` prints them"
        )
    return found


async def _tenant_of(tx: Tx, number: int, text: str) -> str:
    parts = parse(text)
    known = None if parts is None else await store.find(tx, parts[0])
    if parts is None or known is None or not any(_is_valid(secret, parts[1]) for secret in known.secrets):
        raise WrongInputError(f"line {number} is no key that is valid here: `plaudit keys list` shows those that are")
    if not known.scopes & {SCOPE, ALL_SCOPES}:
        raise WrongInputError(f"the key in line {number}, of the tenant {known.tenant_id}, lacks the scope {SCOPE}")
    return known.tenant_id


def _is_valid(secret: StoredSecret, text: str) -> bool:
    return is_secret(text, secret.hash) and (secret.seconds_left is None or secret.seconds_left > 0)
