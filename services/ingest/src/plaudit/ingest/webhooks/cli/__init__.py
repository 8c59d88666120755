"""`plaudit webhook`: sign a delivery, send one, trigger one of a platform's samples, and listen for them.

A secret is read from a variable or a file, so that no list of processes shows it, and is never printed. Exit codes: 0
for taken, 1 for refused or not taken as a whole, 2 for wrong usage, 3 for no answer or one that asks to come again.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

import typer

from plaudit.common.names import did_you_mean
from plaudit.common.refusals import WrongInputError
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.common.terminal import AsJson, CommandGroup, note, print_rows
from plaudit.ingest.platforms import ADAPTERS, fixtures
from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.webhooks.cli.inputs import (
    STANDARD_INPUT,
    Platform,
    Secret,
    SecretFile,
    adapter_of,
    checked_url,
    read_body,
    read_mapping,
    read_secret,
)
from plaudit.ingest.webhooks.cli.inputs import (
    Mapping as MappingFile,
)
from plaudit.ingest.webhooks.cli.listening import LOOPBACK, Listener
from plaudit.ingest.webhooks.cli.posting import post_times, reporting
from plaudit.ingest.webhooks.domain import (
    JSON,
    SECRET_HEADERS,
    Attempt,
    NotSignableError,
    content_type_of,
    curl,
    signed_headers,
    with_token,
)

DEFAULT_PORT: Final = 8090
MAX_REPEATS: Final = 10_000
MAX_INLINE_BYTES: Final = 100_000
"""Of a body that a curl command holds itself."""
FIELDS: Final = ("platform", "event", "becomes")

app = typer.Typer(
    cls=CommandGroup,
    help="Try a source of reviews: sign, send, trigger and receive webhooks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

File = Annotated[str, typer.Argument(metavar="FILE", help="The body, as it is sent; - for standard input.")]
SentId = Annotated[
    str | None, typer.Option("--id", help="The id of the delivery, the same in each attempt; a new one by default.")
]
Timestamp = Annotated[
    int | None, typer.Option(min=0, max=10**11, help="The signed time in Unix seconds; now by default.")
]


@app.command(epilog="Example: plaudit webhook sign --secret-file shop.secret --curl review.json")
def sign(
    file: File,
    secret: Secret = None,
    secret_file: SecretFile = None,
    platform: Platform = "native",
    mapping: MappingFile = None,
    sent_id: SentId = None,
    timestamp: Timestamp = None,
    as_curl: Annotated[bool, typer.Option("--curl", help="Print the curl command that sends it.")] = False,
    url: Annotated[
        str | None, typer.Option(help="The source's hook, for --curl; the variable HOOK by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the headers that prove a delivery, as its platform sends them; they are good for five minutes."""
    adapter, body = adapter_of(platform, read_mapping(mapping)), read_body(file)
    attempt = _attempt(sent_id, timestamp)
    proof = _signed(adapter, read_secret(secret, secret_file), body, attempt)
    headers = {"content-type": content_type_of(file), **proof}
    if as_curl:
        typer.echo(curl(headers, checked_url(url) if url else None, _data(file, body)))
    elif as_json:
        typer.echo(json.dumps({"headers": headers}, indent=2))
    else:
        typer.echo("\n".join(f"{name}: {value}" for name, value in headers.items()))
    if adapter.proof.in_address:
        note(f"{adapter.title} signs nothing: the token at the end of the address is the proof.")
    elif not as_curl and SECRET_HEADERS & headers.keys():
        note(f"{adapter.title} signs nothing: the header holds the secret itself.")


@app.command(
    epilog="Example: plaudit webhook send review.json --url https://HOST/v1/hooks/SOURCE_ID --secret-file shop.secret"
)
def send(
    file: File,
    url: Annotated[str, typer.Option(help="The source's hook: https://HOST/v1/hooks/SOURCE_ID.")],
    secret: Secret = None,
    secret_file: SecretFile = None,
    platform: Platform = "native",
    mapping: MappingFile = None,
    sent_id: SentId = None,
    timestamp: Timestamp = None,
    repeat: Annotated[
        int, typer.Option(min=1, max=MAX_REPEATS, help="Send it so many times: under one id, each signed anew.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Sign a delivery, post it, and print the answer.

    Exit code: 0 when all of it was taken, 1 when it was refused or something of it was quarantined, 3 when there was no
    answer or one that says to send it again later.
    """
    body = read_body(file)
    _deliver(
        adapter_of(platform, read_mapping(mapping)), url, read_secret(secret, secret_file), body, content_type_of(file),
        attempt=_attempt(sent_id, timestamp), times=repeat, as_json=as_json,
    )  # fmt: skip


@app.command(
    epilog="Example: plaudit webhook trigger native created --url https://HOST/v1/hooks/SOURCE_ID "
    "--secret-file shop.secret"
)
def trigger(
    platform: Annotated[str | None, typer.Argument(metavar="PLATFORM", help="Whose sample.")] = None,
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="Which sample; --list names them.")] = None,
    url: Annotated[str | None, typer.Option(help="The source's hook: https://HOST/v1/hooks/SOURCE_ID.")] = None,
    secret: Secret = None,
    secret_file: SecretFile = None,
    review: Annotated[
        str | None,
        typer.Option(help="The id of the review that it is about, for what follows a creation; a new one by default."),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the samples, and what becomes of each.")] = False,
    print_only: Annotated[bool, typer.Option("--print", help="Print the body, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a sample of a platform, with new ids and with times of now, so that it counts as new.

    The answer and the exit codes are those of `plaudit webhook send`. An edit, an answer or a removal of a review that
    is not known yet is held until its creation comes: name the review with --review.
    """
    if show_list:
        _list(platform, as_json=as_json)
        return
    if platform is None or event is None:
        raise WrongInputError("name a platform and one of its samples: `plaudit webhook trigger --list` shows them")
    sample = _sample(platform, event, review)
    adapter = adapter_of(platform, fixtures.mapping_of(platform, event))
    if print_only:
        typer.echo(sample.body)
        return
    if url is None:
        raise WrongInputError("name the source's hook with --url, or ask for --print")
    headline = f"{adapter.title}, {event}: {', '.join(sample.ids) or 'about no review'}"
    _deliver(
        adapter, url, read_secret(secret, secret_file), sample.body, JSON,
        attempt=_attempt(None, None), times=1, as_json=as_json, about={"reviews": [*sample.ids]}, headline=headline,
    )  # fmt: skip


@app.command(epilog="Example: plaudit webhook listen --port 8090 --secret-file shop.secret")
def listen(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Of this machine alone; 0 takes a free one.")
    ] = DEFAULT_PORT,
    forward: Annotated[
        str | None, typer.Option(metavar="URL", help="Pass each delivery on to this hook, and its answer back.")
    ] = None,
    secret: Secret = None,
    secret_file: SecretFile = None,
    platform: Platform = "native",
    mapping: MappingFile = None,
    as_json: AsJson = False,
) -> None:
    """Receive deliveries on this machine: print each, say whether it is proven and why not, and pass it on.

    Without a secret nothing is checked. A delivery that is proven is answered 202, another one 401; one that is passed
    on gets the answer of where it went. Of Ed25519 it takes the public key. Nothing is stored. Ctrl-C ends it.
    """
    adapter, held = adapter_of(platform, read_mapping(mapping)), read_secret(secret, secret_file)
    if held is not None and not adapter.proof.is_for_any_sender:
        raise WrongInputError(f"deliveries of {adapter.title} cannot be checked here: leave the secret out")
    try:
        secrets = () if held is None else (held,)
        for each in secrets:
            adapter.proof.key(each)
    except InvalidSecretError as error:
        raise WrongInputError(str(error)) from error
    Listener(adapter, secrets, checked_url(forward) if forward else None, as_json=as_json).run(LOOPBACK, port)


def _attempt(sent_id: str | None, timestamp: int | None) -> Attempt:
    return Attempt(
        sent_id=f"msg_{uuid4().hex}" if sent_id is None else sent_id,
        unix_seconds=time.time() if timestamp is None else timestamp,
        is_id_stated=sent_id is not None,
        is_time_stated=timestamp is not None,
    )


def _signed(adapter: Adapter, secret: str | None, body: bytes, attempt: Attempt) -> dict[str, str]:
    try:
        return signed_headers(adapter, secret, body, attempt)
    except (NotSignableError, InvalidSecretError) as error:
        raise WrongInputError(str(error)) from error


def _deliver(
    adapter: Adapter,
    url: str,
    secret: str | None,
    body: bytes,
    content_type: str,
    *,
    attempt: Attempt,
    times: int,
    as_json: bool,
    about: Mapping[str, object] | None = None,
    headline: str = "",
) -> None:
    """Post a delivery, print what was answered, and leave with the exit code of the worst answer."""
    address = checked_url(with_token(checked_url(url), adapter, secret))

    def headers() -> dict[str, str]:
        seconds = attempt.unix_seconds if attempt.is_time_stated else time.time()
        this = Attempt(attempt.sent_id, seconds, attempt.is_id_stated, attempt.is_time_stated)
        return {"content-type": content_type, **_signed(adapter, secret, body, this)}

    headers()  # Refuses what cannot be signed before anything is printed.
    if headline and not as_json:
        typer.echo(headline)
    sent_id = attempt.sent_id if adapter.proof.id_header else None
    with reporting({"sent_id": sent_id, **(about or {})}, as_json=as_json) as report:
        worst = post_times(address, body, headers, times, report)
    if worst:
        raise typer.Exit(int(worst))


def _data(file: str, body: bytes) -> str:
    """Return what curl reads the body from: its file, or the body itself where it came from standard input."""
    if file != STANDARD_INPUT:
        return f"@{Path(file)}"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or len(body) > MAX_INLINE_BYTES or "\0" in text or text.startswith("@"):
        raise WrongInputError("this body cannot stand in a command: store it in a file, and name that")
    return text


def _sample(platform: str, event: str, review: str | None) -> fixtures.Sample:
    known = fixtures.names(_known(platform))
    if event not in known:
        near = did_you_mean(event, known)
        raise WrongInputError(f"{platform} has no sample {event!r}{near or '; there are ' + ', '.join(known)}")
    try:
        return fixtures.renewed(platform, event, uuid4().hex, datetime.now(UTC), review)
    except fixtures.UnsuitableFixtureError as error:
        raise WrongInputError(str(error)) from error


def _known(platform: str) -> str:
    """Return the name of a platform that there is."""
    return platform if platform in ADAPTERS else adapter_of(platform).platform


def _list(platform: str | None, *, as_json: bool) -> None:
    platforms = sorted(ADAPTERS) if platform is None else [_known(platform)]
    rows = [
        {"platform": each, "event": name, "becomes": fixtures.becomes(each, name)}
        for each in platforms
        for name in fixtures.names(each)
    ]
    print_rows(rows, FIELDS, as_json=as_json)
