"""Programs that sign and post a review to a source, filled in with its address. Pure.

Each reads the secret from the environment, so that it stands in no file and no history of a shell.
"""

from dataclasses import dataclass
from typing import Final

from plaudit.ingest.sources.domain import Source

NATIVE: Final = "native"


@dataclass(frozen=True, slots=True)
class Example:
    """One program."""

    title: str
    language: str
    code: str


def examples(source: Source, address: str) -> list[Example]:
    """Return programs that post to a source; none where only the platform itself can sign.

    Args:
        source: none of its secrets is read.
        address: of the installation.
    """
    hook = f"{address}/v1/hooks/{source.id}"
    if source.path_token is not None:
        return [Example("curl", "sh", _CURL_UNSIGNED.replace("ADDRESS", hook))]
    if source.platform != NATIVE:
        return []
    return [
        Example("curl", "sh", _CURL.replace("ADDRESS", hook)),
        Example("Python", "python", _PYTHON.replace("ADDRESS", hook)),
    ]


_CURL_UNSIGNED: Final = """\
# PLAUDIT_WEBHOOK_SECRET: the end of the secret address. review.json: a body as the platform sends it.
curl -sS -H 'content-type: application/json' --data-binary @review.json "ADDRESS/$PLAUDIT_WEBHOOK_SECRET"
"""
_CURL: Final = """\
# PLAUDIT_WEBHOOK_SECRET: the secret of this source, whsec_…
PUBLISHED=$(date -u +%Y-%m-%dT%H:%M:%SZ)
BODY='{"type":"review.created","data":{"id":"example-1","rating":4,"published_at":"'$PUBLISHED'","text":"Good soup."}}'
ID=msg_$(date +%s)_$$; NOW=$(date +%s)
HEX=$(printf %s "${PLAUDIT_WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
MAC=$(printf %s "$ID.$NOW.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$HEX" -binary | base64)
curl -sS -H 'content-type: application/json' -H "webhook-id: $ID" -H "webhook-timestamp: $NOW" \\
     -H "webhook-signature: v1,$MAC" --data-binary "$BODY" 'ADDRESS'
"""
_PYTHON: Final = """\
# PLAUDIT_WEBHOOK_SECRET: the secret of this source, whsec_…
import base64, hashlib, hmac, json, os, time, urllib.request, uuid

published = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
review = {"id": "example-1", "rating": 4, "published_at": published, "text": "Good soup."}
body = json.dumps({"type": "review.created", "data": review}).encode()

message_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
key = base64.b64decode(os.environ["PLAUDIT_WEBHOOK_SECRET"].removeprefix("whsec_"))
mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
headers = {
    "content-type": "application/json",
    "webhook-id": message_id,
    "webhook-timestamp": timestamp,
    "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode(),
}
request = urllib.request.Request("ADDRESS", body, headers)
with urllib.request.urlopen(request, timeout=10) as answer:
    print(answer.status, answer.read().decode())
"""
