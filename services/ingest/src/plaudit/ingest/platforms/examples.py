"""Programs that post a sample review to a source, filled in for it: what a sender starts from. Pure.

Each signs as the source's platform does. The secret is read from a variable and stands in none of them; where the
address holds it, the address is filled in up to there. The ids of the sample belong to the source, and its times are
those of its creation: run again, it says the same of the same review.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.fixtures import UnsuitableFixtureError, sample
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    HmacSignature,
    PathToken,
    Proof,
    SharedSecretHeader,
    StandardWebhooks,
)
from plaudit.ingest.sources.domain import Source

VARIABLE: Final = "PLAUDIT_WEBHOOK_SECRET"
MISSING: Final = "must hold the secret of the source"
ED25519_PREFIX: Final = bytes.fromhex("302e020100300506032b657004220420")
"""Of a private key in PKCS #8, before its 32 bytes."""
ESCAPED: Final = {"'": "\\u0027", "`": "\\u0060", "$": "\\u0024"}
"""Characters that end or change a text in one of the languages, as JSON may write them too."""

_HEX: Final = "od -An -v -tx1 | tr -d ' \\n'"
_MODULES: Final = ("base64", "hmac", "os", "sys", "time", "urllib.error", "urllib.request", "uuid")
_CRYPTOGRAPHY: Final = "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey"
_NOW: Final = {
    "sh": {"seconds": "date +%s", "either": "date +%s000", "iso": "date -u +%Y-%m-%dT%H:%M:%SZ"},
    "python": {
        "seconds": "str(int(time.time()))",
        "either": "str(int(time.time() * 1000))",
        "iso": 'time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())',
    },
    "javascript": {
        "seconds": "String(Math.floor(Date.now() / 1000))",
        "either": "String(Date.now())",
        "iso": "new Date().toISOString()",
    },
    "php": {
        "seconds": "(string) time()",
        "either": "(string) (int) (microtime(true) * 1000)",
        "iso": "gmdate('Y-m-d\\TH:i:s\\Z')",
    },
}
"""Language → form of a signed time → what gives the time of now."""


@dataclass(frozen=True)
class Example:
    """A program."""

    title: str
    language: str
    """`sh`, `python`, `javascript` or `php`."""
    code: str
    secret: str
    """What its variable must hold, in words."""


@dataclass(frozen=True)
class _Plan:
    """What the programs of one source have in common."""

    hook: str
    """Its address, up to the token where there is one."""
    body: str
    """JSON in ASCII that no language's quotes have to escape."""
    proof: Proof

    @property
    def id_header(self) -> str:
        """Return the header of the sender's own id; empty where none is sent."""
        return (self.proof.id_header or b"").decode()

    @property
    def time_header(self) -> str:
        """Return the header of the time; empty where none is signed."""
        return (self.proof.timestamp_header or b"").decode()

    def now(self, language: str) -> str:
        """Return what gives the time of now, as it is signed."""
        form = self.proof.timestamp_form if isinstance(self.proof, HmacSignature) else "seconds"
        return _NOW[language][form]


@dataclass(frozen=True)
class _Steps:
    """What proves a delivery in one language: lines that compute, and the headers with what holds their values."""

    lines: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def examples(source: Source, address: str) -> list[Example]:
    """Return programs that sign and post a sample review to a source.

    There are none where the platform has no such sample, and where nobody but itself can prove a delivery.

    Args:
        source: with its platform and its id; none of its secrets is read.
        address: of the installation, such as https://reviews.example.com.
    """
    proof = ADAPTERS[source.platform].of(source.mapping).proof
    if not proof.is_for_any_sender:
        return []
    try:
        made = sample(source.platform, source.id, source.created_at)
    except UnsuitableFixtureError:
        return []
    body = json.dumps(json.loads(made.body), indent=2)
    for character, escaped in ESCAPED.items():
        body = body.replace(character, escaped)
    plan = _Plan(f"{address.rstrip('/')}/v1/hooks/{source.id}", body, proof)
    has_key_pair = isinstance(proof, AsymmetricStandardWebhooks)
    secret = _secret_in_words(proof)
    return [
        Example("Shell, with curl and OpenSSL", "sh", _shell(plan), secret),
        Example("Python, with the package cryptography" if has_key_pair else "Python", "python", _python(plan), secret),
        Example("Node, from version 18, as a file .mjs", "javascript", _node(plan), secret),
        Example("PHP, with the extension sodium" if has_key_pair else "PHP", "php", _php(plan), secret),
    ]


def _secret_in_words(proof: Proof) -> str:
    if isinstance(proof, AsymmetricStandardWebhooks):
        return "your private key (whsk_…; the source has the public one only, which signs nothing)"
    return "the end of the secret address" if proof.in_address else "the secret"


def _shell(plan: _Plan) -> str:
    first, target, from_pipe = "", f"'{plan.hook}'", ""
    if isinstance(plan.proof, SharedSecretHeader):
        first = f"printf '{plan.proof.header.decode()}: %s\\n' \"${VARIABLE}\" |\n  "
        from_pipe = "-H @-"
    if isinstance(plan.proof, PathToken):
        first = f'printf \'url = "{plan.hook}/%s"\\n\' "${VARIABLE}" |\n  '
        target = "-K -"
    steps = _shell_steps(plan)
    headers = {
        **({plan.id_header: "$ID"} if plan.id_header else {}),
        **({plan.time_header: "$NOW"} if plan.time_header else {}),
        **steps.headers,
    }
    lines = [
        f': "${{{VARIABLE}:?{MISSING}}}"',
        "BODY=$(cat <<'JSON'",
        *(plan.body, "JSON", ")"),
        *(["ID=msg_$(date +%s)_$$"] if plan.id_header else []),
        *([f"NOW=$({plan.now('sh')})"] if plan.time_header else []),
        *steps.lines,
    ]
    shown = (f'-H "{name}: {value}"' for name, value in headers.items())
    command = [
        f"{first}curl -sS",
        "-H 'content-type: application/json'",
        *shown,
        *filter(None, [from_pipe]),
        '--data-binary "$BODY"',
        target,
    ]
    return "\n".join([*lines, " \\\n  ".join(command), ""])


def _shell_steps(plan: _Plan) -> _Steps:
    signature = {"webhook-signature": "$SIGNATURE"}
    note = "# Others on this machine can see the key while openssl runs."
    match plan.proof:
        case StandardWebhooks():
            return _Steps(
                (
                    f'KEY=$(printf %s "${{{VARIABLE}#whsec_}}" | openssl base64 -d -A | {_HEX})',
                    note,
                    'SIGNATURE=v1,$(printf %s "$ID.$NOW.$BODY" |',
                    '  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)',
                ),
                signature,
            )
        case AsymmetricStandardWebhooks():
            octal = "".join(f"\\{byte:03o}" for byte in ED25519_PREFIX)
            return _Steps(
                (
                    "FILES=$(mktemp -d)",
                    "trap 'rm -rf \"$FILES\"' EXIT",
                    f"{{ printf '{octal}'",
                    f'  printf %s "${{{VARIABLE}#whsk_}}" | openssl base64 -d -A | head -c 32; }} > "$FILES/key"',
                    'printf %s "$ID.$NOW.$BODY" > "$FILES/signed"',
                    'SIGNATURE=v1a,$(openssl pkeyutl -sign -rawin -keyform DER -inkey "$FILES/key" \\',
                    '  -in "$FILES/signed" | openssl base64 -A)',
                ),
                signature,
            )
        case HmacSignature() as proof:
            signed = f"$NOW{proof.separator.decode()}$BODY" if plan.time_header else "$BODY"
            written = "openssl base64 -A" if proof.encoding == "base64" else _HEX
            return _Steps(
                (
                    f'KEY=$(printf %s "${VARIABLE}" | {_HEX})',
                    note,
                    f'SIGNATURE={proof.prefix.decode()}$(printf %s "{signed}" |',
                    f'  openssl dgst -{proof.digest} -mac HMAC -macopt "hexkey:$KEY" -binary | {written})',
                ),
                {proof.header.decode(): "$SIGNATURE"},
            )
    return _Steps()


def _python(plan: _Plan) -> str:
    steps = _python_steps(plan)
    hook = f'f"{plan.hook}/{{secret}}"' if plan.proof.in_address else f'"{plan.hook}"'
    headers = {
        "content-type": '"application/json"',
        **({plan.id_header: "message_id"} if plan.id_header else {}),
        **({plan.time_header: "timestamp"} if plan.time_header else {}),
        **steps.headers,
    }
    before = [
        f'secret = os.environ.get("{VARIABLE}") or sys.exit("{VARIABLE} {MISSING}")',
        f"hook = {hook}",
    ]
    after = [
        *(['message_id = f"msg_{uuid.uuid4().hex}"'] if plan.id_header else []),
        *([f"timestamp = {plan.now('python')}"] if plan.time_header else []),
        *steps.lines,
        "headers = {",
        *(f'    "{name}": {value},' for name, value in headers.items()),
        "}",
        "try:",
        "    answer = urllib.request.urlopen(urllib.request.Request(hook, body, headers), timeout=10)",
        "except urllib.error.HTTPError as refused:",
        "    answer = refused",
        "with answer:",
        "    print(answer.status, answer.read().decode())",
    ]
    used = "\n".join([*before, *after])
    modules = [f"import {module}" for module in _MODULES if f"{module}." in used]
    package = ["", _CRYPTOGRAPHY] if "Ed25519PrivateKey" in used else []
    return "\n".join([*modules, *package, "", *before, f"body = rb'''{plan.body}'''", *after, ""])


def _python_steps(plan: _Plan) -> _Steps:
    signature = {"webhook-signature": "signature"}
    signed = 'signed = f"{message_id}.{timestamp}.".encode() + body'
    match plan.proof:
        case StandardWebhooks():
            return _Steps(
                (
                    'key = base64.b64decode(secret.removeprefix("whsec_"))',
                    signed,
                    'signature = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()',
                ),
                signature,
            )
        case AsymmetricStandardWebhooks():
            return _Steps(
                (
                    'key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix("whsk_"))[:32])',
                    signed,
                    'signature = "v1a," + base64.b64encode(key.sign(signed)).decode()',
                ),
                signature,
            )
        case HmacSignature() as proof:
            content = f'f"{{timestamp}}{proof.separator.decode()}".encode() + body' if plan.time_header else "body"
            mac = f'hmac.digest(secret.encode(), {content}, "{proof.digest}")'
            written = f"base64.b64encode({mac}).decode()" if proof.encoding == "base64" else f"{mac}.hex()"
            return _Steps((f"signature = {_prefix(proof)}{written}",), {proof.header.decode(): "signature"})
        case SharedSecretHeader(header=name):
            return _Steps(headers={name.decode(): "secret"})
    return _Steps()


def _node(plan: _Plan) -> str:
    steps = _node_steps(plan)
    hook = f"`{plan.hook}/${{secret}}`" if plan.proof.in_address else f'"{plan.hook}"'
    headers = {
        "content-type": '"application/json"',
        **({plan.id_header: "id"} if plan.id_header else {}),
        **({plan.time_header: "timestamp"} if plan.time_header else {}),
        **steps.headers,
    }
    computed = [
        *(["const id = `msg_${crypto.randomUUID()}`;"] if plan.id_header else []),
        *([f"const timestamp = {plan.now('javascript')};"] if plan.time_header else []),
        *steps.lines,
    ]
    return "\n".join(
        [
            *(['import crypto from "node:crypto";', ""] if any("crypto." in line for line in computed) else []),
            f"const secret = process.env.{VARIABLE};",
            f'if (!secret) throw new Error("{VARIABLE} {MISSING}");',
            f"const hook = {hook};",
            f"const body = String.raw`{plan.body}`;",
            *computed,
            "const headers = {",
            *(f'  "{name}": {value},' for name, value in headers.items()),
            "};",
            'const answer = await fetch(hook, { method: "POST", headers, body });',
            "console.log(answer.status, await answer.text());",
            "",
        ]
    )


def _node_steps(plan: _Plan) -> _Steps:
    signature = {"webhook-signature": "signature"}
    match plan.proof:
        case StandardWebhooks():
            return _Steps(
                (
                    'const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");',
                    "const signed = `${id}.${timestamp}.${body}`;",
                    'const signature = "v1," + crypto.createHmac("sha256", key).update(signed).digest("base64");',
                ),
                signature,
            )
        case AsymmetricStandardWebhooks():
            return _Steps(
                (
                    'const seed = Buffer.from(secret.replace(/^whsk_/, ""), "base64").subarray(0, 32);',
                    f'const der = Buffer.concat([Buffer.from("{ED25519_PREFIX.hex()}", "hex"), seed]);',
                    'const key = crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" });',
                    "const signed = Buffer.from(`${id}.${timestamp}.${body}`);",
                    'const signature = "v1a," + crypto.sign(null, signed, key).toString("base64");',
                ),
                signature,
            )
        case HmacSignature() as proof:
            signed = f"`${{timestamp}}{proof.separator.decode()}${{body}}`" if plan.time_header else "body"
            mac = f'crypto.createHmac("{proof.digest}", secret).update({signed}).digest("{proof.encoding}")'
            return _Steps((f"const signature = {_prefix(proof)}{mac};",), {proof.header.decode(): "signature"})
        case SharedSecretHeader(header=name):
            return _Steps(headers={name.decode(): "secret"})
    return _Steps()


def _php(plan: _Plan) -> str:
    steps = _php_steps(plan)
    headers = {
        "content-type": "application/json",
        **({plan.id_header: "$id"} if plan.id_header else {}),
        **({plan.time_header: "$timestamp"} if plan.time_header else {}),
        **steps.headers,
    }
    return "\n".join(
        [
            "<?php",
            f"$secret = getenv('{VARIABLE}') ?: exit(\"{VARIABLE} {MISSING}\\n\");",
            f'$hook = "{plan.hook}/$secret";' if plan.proof.in_address else f"$hook = '{plan.hook}';",
            "$body = <<<'JSON'",
            *(plan.body, "JSON;"),
            *(["$id = 'msg_' . bin2hex(random_bytes(16));"] if plan.id_header else []),
            *([f"$timestamp = {plan.now('php')};"] if plan.time_header else []),
            *steps.lines,
            "$context = stream_context_create(['http' => [",
            "    'method' => 'POST',",
            "    'header' => [",
            *(f'        "{name}: {value}",' for name, value in headers.items()),
            "    ],",
            "    'content' => $body,",
            "    'ignore_errors' => true,",
            "    'timeout' => 10,",
            "]]);",
            "$answer = file_get_contents($hook, false, $context);",
            'echo $http_response_header[0], "\\n", $answer, "\\n";',
            "",
        ]
    )


def _php_steps(plan: _Plan) -> _Steps:
    signature = {"webhook-signature": "$signature"}
    match plan.proof:
        case StandardWebhooks():
            return _Steps(
                (
                    "$key = base64_decode(preg_replace('/^whsec_/', '', $secret));",
                    "$signature = 'v1,' . base64_encode(hash_hmac('sha256', \"$id.$timestamp.$body\", $key, true));",
                ),
                signature,
            )
        case AsymmetricStandardWebhooks():
            return _Steps(
                (
                    "$seed = substr(base64_decode(preg_replace('/^whsk_/', '', $secret)), 0, 32);",
                    "$key = sodium_crypto_sign_secretkey(sodium_crypto_sign_seed_keypair($seed));",
                    "$signature = 'v1a,' . base64_encode(sodium_crypto_sign_detached(\"$id.$timestamp.$body\", $key));",
                ),
                signature,
            )
        case HmacSignature() as proof:
            signed = f'"$timestamp{proof.separator.decode()}$body"' if plan.time_header else "$body"
            is_base64 = proof.encoding == "base64"
            mac = f"hash_hmac('{proof.digest}', {signed}, $secret{', true' if is_base64 else ''})"
            written = f"base64_encode({mac})" if is_base64 else mac
            return _Steps(
                (f"$signature = {_prefix(proof).replace(' + ', ' . ')}{written};",),
                {proof.header.decode(): "$signature"},
            )
        case SharedSecretHeader(header=name):
            return _Steps(headers={name.decode(): "$secret"})
    return _Steps()


def _prefix(proof: HmacSignature) -> str:
    return f'"{proof.prefix.decode()}" + ' if proof.prefix else ""
