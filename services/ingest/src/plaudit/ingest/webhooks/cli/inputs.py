"""What the commands are given: secrets, bodies and addresses, each checked in one place."""

import sys
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from plaudit.common.names import did_you_mean
from plaudit.common.refusals import WrongInputError
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.sources.domain import InvalidMappingError
from plaudit.ingest.webhooks.domain import VARIABLE

STANDARD_INPUT: Final = "-"
MAX_BODY_BYTES: Final = 64 * 2**20
"""Far more than ingest takes, so that its refusal can be tried too."""
MAX_SECRET_FILE_BYTES: Final = 4_096

Secret = Annotated[
    str | None,
    typer.Option(
        envvar=VARIABLE,
        help="The source's secret; of Ed25519 the private key, whsk_…. Others on this machine can read what is typed "
        "here: prefer the variable or --secret-file.",
    ),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A file whose first line is the secret. It counts before --secret."),
]
Mapping = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A file with the mapping of a custom source, which says the proof."),
]
Platform = Annotated[str, typer.Option(help="As which platform: its proof and its headers.")]


def adapter_of(platform: str, mapping: str | None = None) -> Adapter:
    """Return the adapter of a platform; of a custom source by its mapping.

    Raises:
        WrongInputError: there is none, and the text names those there are; or the mapping is none.
    """
    if platform not in ADAPTERS:
        near = did_you_mean(platform, ADAPTERS)
        raise WrongInputError(
            f"there is no platform {platform!r}{near or '; there are ' + ', '.join(sorted(ADAPTERS))}"
        )
    try:
        return ADAPTERS[platform].of(mapping)
    except InvalidMappingError as error:
        raise WrongInputError(f"--mapping: {error}") from error


def read_mapping(file: Path | None) -> str | None:
    """Return the mapping in a file.

    Raises:
        WrongInputError: the file cannot be read.
    """
    try:
        return None if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInputError(f"{file} cannot be read as a file with a mapping") from error


def read_secret(secret: str | None, file: Path | None) -> str | None:
    """Return the secret: of the file if one is named.

    Raises:
        WrongInputError: the file cannot be read, or holds no secret.
    """
    if file is None:
        return secret or None
    try:
        with file.open("rb") as opened:
            lines = opened.read(MAX_SECRET_FILE_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInputError(f"{file} cannot be read as a file with a secret") from error
    if not lines or not lines[0].strip():
        raise WrongInputError(f"{file} holds no secret in its first line")
    return lines[0].strip()


def read_body(name: str) -> bytes:
    """Return what is in a file, or what comes from standard input for `-`.

    Raises:
        WrongInputError: it cannot be read, or is too large.
    """
    try:
        if name == STANDARD_INPUT:
            body = sys.stdin.buffer.read(MAX_BODY_BYTES + 1)
        else:
            with Path(name).open("rb") as opened:
                body = opened.read(MAX_BODY_BYTES + 1)
    except OSError as error:
        raise WrongInputError(f"{name} cannot be read: {error.strerror}") from error
    if len(body) > MAX_BODY_BYTES:
        raise WrongInputError(f"{name} is larger than {MAX_BODY_BYTES // 2**20} MiB")
    return body


def checked_url(url: str) -> str:
    """Return an address of http or https.

    Raises:
        WrongInputError: it is none.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise WrongInputError(f"{url!r} is not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise WrongInputError(f"{url!r} is not an address that begins with http:// or https://")
    return url
