"""What the API document says of the hooks, which are routes outside the framework."""

from typing import Any

from plaudit.common.http.openapi import schemas_of
from plaudit.ingest.hooks.api.answers import HookOut

_ANSWERS: dict[str, Any] = {
    "202": {
        "description": "Durable. Events that could not be taken are listed; the others are taken.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HookOut"}}},
    },
    "400": {"description": "Not JSON as we take it. It is kept."},
    "401": {"description": "Not proven: a missing, malformed, wrong or old signature, or no such source. Not kept."},
    "413": {"description": "The body is too large. Not kept."},
    "422": {"description": "Nothing in it could be taken; `errors` says why for each event. It is kept."},
    "503": {"description": "Not stored for certain: send it again, under the same id, after Retry-After seconds."},
}

_ID = {"name": "source_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_TOKEN = {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}
_SIGNATURE = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": what,
    }
    for name, what in (
        ("webhook-id", "The delivery's id, the same for every attempt."),
        ("webhook-timestamp", "Unix seconds of this attempt, within five minutes."),
        ("webhook-signature", "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several with spaces."),
    )
]


def _operation(summary: str, description: str, parameters: list[dict[str, Any]], operation_id: str) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["hooks"],
            "operationId": operation_id,
            "summary": summary,
            "description": description,
            "parameters": parameters,
            "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
            "responses": _ANSWERS,
            "security": [],
        }
    }


_PATHS: dict[str, Any] = {
    "/v1/hooks/{source_id}": _operation(
        "Post reviews, signed",
        "One event or an array of up to 1,000, signed as Standard Webhooks v1. A repeated delivery gets its first "
        "answer again.",
        [_ID, *_SIGNATURE],
        "post_hook",
    ),
    "/v1/hooks/{source_id}/{token}": _operation(
        "Post reviews of a platform that signs nothing",
        "The token in the address is the proof: keep the whole address secret.",
        [_ID, _TOKEN],
        "post_hook_with_token",
    ),
}

HOOKS: dict[str, Any] = {"paths": _PATHS, "schemas": schemas_of(HookOut)}
