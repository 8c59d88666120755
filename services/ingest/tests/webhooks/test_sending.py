"""`plaudit webhook sign`, `send` and `trigger`: real processes, a real ingest, and exit codes for scripts."""

import asyncio
import base64
import contextlib
import json
import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from plaudit.common.cli import GROUP, build
from plaudit.common.standard_webhooks import decode_secret, new_secret, verify
from plaudit.ingest.platforms import ADAPTERS, fixtures
from plaudit_testing.platforms import CUSTOM_MAPPING
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhook_command import VARIABLE, Done, environment, run

SECRET = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
EVENT = json.dumps(created("r-1", 2, text="Late.")).encode()


CREATING = {
    platform: name
    for platform, adapter in ADAPTERS.items()
    if adapter.proof.is_for_any_sender
    for name in reversed(fixtures.names(platform))
    if fixtures.becomes(platform, name) == "create"
}
"""Platform → its first sample that creates a review and does nothing else."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "review.json"
    path.write_bytes(EVENT)
    return path


def address(ingest: Ingest, source: Source) -> str:
    return f"{str(ingest.client.base_url).rstrip('/')}{source.hook}"


async def made(ingest: Ingest, platform: str, **more: object) -> Source:
    """A source of a platform, whose times are in UTC where it sends no zone."""
    answer = await ingest.client.post(
        "/v1/sources",
        json={"name": platform, "platform": platform, "subject": "acme", "time_zone": "UTC", **more},
        headers={"authorization": f"Bearer {await ingest.key()}"},
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    return Source(told["id"], told["secret"], told["hook"])


def command(*arguments: object, secret: str | None = None, given: bytes = b"") -> Done:
    """Run the command in this process: it starts sooner."""
    app = build(list(entry_points(group=GROUP)))
    variables = {VARIABLE: secret, "FORCE_COLOR": None, "TTY_COMPATIBLE": None, "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["webhook", *map(str, arguments)], env=variables, input=given)
    return Done(result.exit_code, result.stdout, result.stderr)


# Sign.


def test_the_printed_headers_prove_the_file(file: Path):
    done = command("sign", file, secret=SECRET)
    assert done.code == 0, done.err
    headers = dict(line.split(": ", 1) for line in done.out.splitlines())
    assert headers.pop("content-type") == "application/json"
    values = [headers[f"webhook-{name}"].encode() for name in ("id", "timestamp", "signature")]
    verify(*values, EVENT, (decode_secret(SECRET),), time.time())
    assert SECRET not in done.out + done.err


def test_a_stated_id_and_time_are_signed_the_same_each_time():
    stated = ("sign", "-", "--id", "msg_1", "--timestamp", 1_700_000_000)
    known = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    body = b'{"type":"review.removed","data":{"id":"r-1"}}'
    plain, as_json = [command(*stated, *more, secret=known, given=body) for more in ((), ("--json",))]
    assert "webhook-signature: v1,P3zgnlVch2Zfs/3dzuvEZuao3+PTfVsIzWw3AnYdsc4=\n" in plain.out
    assert "\n".join(f"{name}: {value}" for name, value in as_json.told["headers"].items()) == plain.out.rstrip()


def test_a_custom_source_is_signed_for_as_its_mapping_says(tmp_path: Path, file: Path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(CUSTOM_MAPPING)
    done = command("sign", file, "--platform", "custom", "--mapping", mapping, "--id", "d-1", secret="a secret")
    assert "\nx-house-delivery: d-1\n" in done.out
    assert "\nx-house-signature: sha256=" in done.out


def test_a_secret_comes_from_a_file_too_and_that_one_counts(tmp_path: Path, file: Path):
    kept = tmp_path / "shop.secret"
    kept.write_text(f"{SECRET}\nnotes\n")
    stated = ("sign", file, "--id", "msg_1", "--timestamp", 1_700_000_000)
    of_file = command(*stated, "--secret-file", kept, secret=new_secret())
    assert of_file.out == (command(*stated, secret=SECRET)).out == (command(*stated, "--secret", SECRET)).out


@pytest.mark.parametrize(
    ("arguments", "secret", "said"),
    [
        (("sign", "{file}"), None, "native needs a secret: put it into PLAUDIT_WEBHOOK_SECRET, or name a file"),
        (("sign", "{file}"), "nonsense!", "the secret is not base64"),
        (("sign", "{file}", "--platform", "nativ"), SECRET, "there is no platform 'nativ'; did you mean 'native'"),
        (("sign", "{file}", "--platform", "native-v1a"), SECRET, "to sign, a private key is needed"),
        (("sign", "{file}", "--platform", "yext", "--id", "x"), SECRET, "yext sends no id of a delivery"),
        (("sign", "{file}", "--id", "a.b"), SECRET, "the id 'a.b' is not 1 to 256 visible ASCII characters"),
        (("sign", "{file}", "--secret-file", "{empty}"), None, "holds no secret in its first line"),
        (("sign", "nowhere.json"), SECRET, "nowhere.json cannot be read"),
        (("sign", "{file}", "--curl", "--url", "ftp://x"), SECRET, "'ftp://x' is not an address that begins with http"),
        (("sign", "-", "--curl"), SECRET, "this body cannot stand in a command"),
        (("sign", "{file}", "--platform", "custom"), SECRET, "--mapping: mapping: is missing"),
        (("sign", "{file}", "--mapping", "{file}"), SECRET, "--mapping: mapping: native takes none"),
        (("send", "{file}"), SECRET, "Missing option '--url'"),
        (("send", "{file}", "--url", "x"), SECRET, "'x' is not an address"),
        (("send", "{file}", "--url", "http://127.0.0.1:1/x"), None, "native needs a secret"),
        (("trigger",), SECRET, "name a platform and one of its samples"),
        (("trigger", "native", "create"), SECRET, "native has no sample 'create'; did you mean 'created'"),
        (("trigger", "native", "created"), SECRET, "name the source's hook with --url"),
        (("trigger", "native", "array", "--review", "r-1", "--print"), SECRET, "is not about one review"),
        (("listen", "--forward", "nowhere"), SECRET, "'nowhere' is not an address"),
        (("listen",), "nonsense!", "the secret is not base64"),
        (("listen", "--platform", "google-play"), SECRET, "deliveries of Google Play cannot be checked here"),
        (("trigger", "google-business", "one", "--url", "http://x"), SECRET, "nobody but Google Business Profile"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    tmp_path: Path, file: Path, arguments: tuple[str, ...], secret: str | None, said: str
):
    (tmp_path / "empty").write_text("\nsecond line\n")
    filled = [each.format(file=file, empty=tmp_path / "empty") for each in arguments]
    done = command(*filled, secret=secret)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert said in done.err
    assert secret is None or secret not in done.err


# Send.


@pytest.mark.postgres
async def test_a_review_is_sent_and_the_answer_printed(ingest: Ingest, source: Source, file: Path):
    url = address(ingest, source)
    plain = await run("send", file, "--url", url, secret=source.secret)
    assert (plain.code, plain.out.split(" in ")[0]) == (0, "202"), plain
    assert json.loads(plain.out.splitlines()[1])["accepted"] == 1
    [review] = await ingest.items("/v1/reviews")
    assert review["text"] == "Late."
    as_json = (await run("send", file, "--url", url, "--id", "msg_2", "--json", secret=source.secret)).told
    assert (as_json["sent_id"], as_json["answers"][0]["body"]["unchanged"]) == ("msg_2", 1)


@pytest.mark.postgres
async def test_a_repeated_delivery_counts_once(ingest: Ingest, source: Source, file: Path):
    done = await run("send", file, "--url", address(ingest, source), "--repeat", 5, "--json", secret=source.secret)
    answers = [each["body"] for each in done.told["answers"]]
    assert (done.code, [each.get("duplicate", False) for each in answers]) == (0, [False, True, True, True, True])
    assert (await ingest.counts())["deliveries"] == 1


@pytest.mark.postgres
async def test_what_is_refused_or_quarantined_is_exit_code_1(ingest: Ingest, source: Source, tmp_path: Path):
    url, path = address(ingest, source), tmp_path / "body.json"
    path.write_bytes(b"{")
    malformed = await run("send", path, "--url", url, secret=source.secret)
    assert (malformed.code, malformed.out.split()[0], "invalid-json" in malformed.out) == (1, "400", True)
    path.write_text(json.dumps([created("r-1"), created("r-2", 99)]))
    some = await run("send", path, "--url", url, secret=source.secret)
    assert (some.code, some.out.split()[0], "off its scale" in some.out) == (1, "202", True)
    stranger = await run("send", path, "--url", url, secret=new_secret())
    assert (stranger.code, stranger.out.split()[0], "No signature matches" in stranger.out) == (1, "401", True)
    late = await run("send", path, "--url", url, "--timestamp", 1_700_000_000, secret=source.secret)
    assert (late.code, "s in the past, at most 300 are taken" in late.out) == (1, True)


async def test_no_answer_is_exit_code_3_and_no_token_is_shown(file: Path):
    url = "http://127.0.0.1:1/v1/hooks/0190/hidden-token"
    done = await run("send", file, "--url", url, "--platform", "trustpilot")
    assert (done.code, done.out) == (3, ""), done
    assert done.err.startswith("http://127.0.0.1:1 does not answer: ")
    assert "hidden-token" not in done.err


@pytest.mark.postgres
async def test_a_printed_curl_command_sends_it(ingest: Ingest, source: Source, file: Path):
    url = address(ingest, source)
    for arguments, given in ((("sign", file, "--curl", "--url", url), b""), (("sign", "-", "--curl"), EVENT)):
        printed = await run(*arguments, secret=source.secret, given=given)
        shell = await asyncio.create_subprocess_exec(
            *("sh", "-c", printed.out), env={**environment(None), "HOOK": url}, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await shell.communicate()
        assert json.loads(answer)["accepted"] == 1, printed


def command_lines() -> list[bytes]:
    """Of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this machine has no /proc")
async def test_a_secret_of_the_variable_stands_in_no_list_of_processes(file: Path):
    held = asyncio.Event()
    lines: list[bytes] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        lines.extend(await asyncio.to_thread(command_lines))
        writer.close()
        held.set()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await run("send", file, "--url", f"http://127.0.0.1:{port}/v1/hooks/x", secret=SECRET)
        await held.wait()
    assert done.code == 3
    assert any(b"webhook\0send" in line for line in lines)
    assert not any(SECRET.encode() in line for line in lines)


# Trigger.


def test_the_printed_list_is_that_of_the_packaged_fixtures():
    events = {(platform, name) for platform in ADAPTERS for name in fixtures.names(platform)}
    listed = command("trigger", "--list", "--json").told
    assert {(row["platform"], row["event"]) for row in listed} == events
    of_one = command("trigger", "zendesk", "--list").out.splitlines()
    assert of_one[0].split("\t") == ["platform", "event", "becomes"]
    assert "zendesk\tpage\t1 create, 1 ignored" in of_one


@pytest.fixture
async def sources(ingest: Ingest) -> dict[str, tuple[Source, str | None]]:
    """A source of each platform that sends one creation alone, with what its sender signs with."""
    private = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    found: dict[str, tuple[Source, str | None]] = {}
    for platform in CREATING:
        if platform == "native-v1a":
            signing = "whsk_" + base64.b64encode(private.private_bytes_raw()).decode()
            found[platform] = await made(ingest, platform, secret=public), signing
        else:
            source = await made(ingest, platform)
            found[platform] = source, source.secret or None
    return found


@pytest.mark.postgres
async def test_the_sample_of_each_platform_is_a_new_review(
    ingest: Ingest, sources: dict[str, tuple[Source, str | None]]
):
    assert len(sources) > 10
    for platform, (source, secret) in sources.items():
        done = await run(
            "trigger", platform, CREATING[platform], "--url", address(ingest, source), "--json", secret=secret
        )
        assert done.code == 0, (platform, done)
        assert done.told["answers"][0]["body"]["accepted"] == 1, platform
        reviews = await ingest.items("/v1/reviews", source_id=source.id)
        assert [review["external_id"] for review in reviews] == done.told["reviews"] or not done.told["reviews"]
        assert len(reviews) == 1, platform


@pytest.mark.postgres
async def test_a_sample_is_a_new_review_each_time(ingest: Ingest, source: Source):
    url = address(ingest, source)
    for _ in range(2):
        assert (await run("trigger", "native", "created", "--url", url, secret=source.secret)).code == 0
    assert len(await ingest.items("/v1/reviews")) == 2


@pytest.mark.postgres
async def test_what_follows_a_creation_is_about_its_review_where_it_is_named(ingest: Ingest):
    source = await made(ingest, "yext")
    url = address(ingest, source)
    first = (await run("trigger", "yext", "created", "--url", url, "--json", secret=source.secret)).told
    [review_id] = first["reviews"]
    after = await run("trigger", "yext", "removed", "--url", url, "--review", review_id, secret=source.secret)
    assert (after.code, after.out.splitlines()[0]) == (0, f"Yext, removed: {review_id}")
    [review] = await ingest.items("/v1/reviews", removed=True)
    assert review["external_id"] == review_id
    alone = await run("trigger", "yext", "removed", "--url", url, "--json", secret=source.secret)
    assert (alone.code, alone.told["answers"][0]["body"]["quarantined"]) == (0, [])


def test_a_sample_can_be_printed_and_sent_by_other_means():
    printed = command("trigger", "native", "created", "--print")
    assert json.loads(printed.out)["type"] == "review.created"
    assert command("sign", "-", secret=SECRET, given=printed.out.encode()).code == 0


@pytest.mark.postgres
async def test_a_token_of_the_variable_is_put_at_the_end_of_the_address(ingest: Ingest):
    source = await made(ingest, "trustpilot")
    url, _, token = address(ingest, source).rpartition("/")
    done = await run("trigger", "trustpilot", "created", "--url", url, secret=token)
    assert (done.code, token in done.out + done.err) == (0, False), done
    whole = await run("trigger", "trustpilot", "created", "--url", address(ingest, source))
    assert whole.code == 0


async def test_a_secret_file_can_be_a_pipe(file: Path):
    done = await run("sign", file, "--secret-file", "/dev/stdin", given=f"{SECRET}\n".encode())
    assert (done.code, "webhook-signature: v1," in done.out) == (0, True), done


def test_the_variable_is_the_one_that_the_help_names():
    for name in ("sign", "send", "trigger", "listen"):
        assert VARIABLE in command(name, "--help").out
