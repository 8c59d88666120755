"""What the API document says of the hooks, which are routes outside the framework: their bodies are the adapters'."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from plaudit.common.http.openapi import JSON, schemas_of
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.standard_webhooks import MAX_TIMESTAMP_DIGITS
from plaudit.ingest.hooks.api.answers import GREETING, HookOut
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.adapter import MAX_EVENTS, Adapter
from plaudit.ingest.platforms.native import adapter as native
from plaudit.ingest.platforms.proofs import NoDeliveries
from plaudit.ingest.platforms.trustpilot import adapter as trustpilot

_PROBLEMS: Final = {
    "invalid-json": 400,
    "invalid-signature": 401,
    "body-too-slow": 408,
    "body-too-large": 413,
    "compressed-body": 415,
    "nothing-taken": 422,
    "unavailable": 503,
}
NATIVE_EXAMPLE: Final = {
    "type": "review.created",
    "data": {
        "id": "r-1",
        "subject": "acme/berlin",
        "rating": 4,
        "title": "Great service",
        "text": "Nothing but good to say.",
        "published_at": A_TIME,
        "author": {"id": "c-1"},
    },
}
TRUSTPILOT_EXAMPLE: Final = {
    "events": [
        {
            "eventName": "service-review-created",
            "eventData": {
                "id": "6a1f0c2d9b3e4f5a6b7c8d9e",
                "stars": 2,
                "title": "Two hours in the rain",
                "text": "Nobody at the pier knew about our booking.",
                "createdAt": A_TIME,
                "isVerified": True,
                "consumer": {"id": "59aa0b1c2d3e4f5061728394"},
            },
        }
    ]
}


def _components(prefix: str, structs: Iterable[type]) -> dict[str, Any]:
    """Return the schemas of structs, each name after the prefix; patterns end as in every dialect, not as in Python."""
    _, found = msgspec.json.schema_components(structs, ref_template=f"#/components/schemas/{prefix}{{name}}")
    components: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found).replace(rb"\\Z", b"$"))
    return {f"{prefix}{name}": schema for name, schema in components.items()}


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": properties, "required": list(properties)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _described(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, **schema}


def _events(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "description": "The events.",
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_EVENTS,
        "items": {"anyOf": choices},
    }


def _name(platform: str) -> str:
    return f"{platform.title().replace('-', '')}Delivery"


def _shape(adapter: Adapter) -> dict[str, Any]:
    """Return the schema of a platform's body by its members: what they hold is the platform's to say."""
    posted = f"What {adapter.title} posts."
    shape: dict[str, Any] = {"type": "object", "description": posted, "required": list(adapter.members)}
    if adapter.in_array:
        shape = {"type": "array", "description": posted, "items": shape}
    return {"description": posted, "anyOf": [shape]}


def _posts(adapter: Adapter) -> bool:
    return bool(adapter.members) and not isinstance(adapter.proof, NoDeliveries)


def _deliveries(*, in_address: bool) -> dict[str, Any]:
    """Return the bodies of all platforms that sign, or of all that do not."""
    posting = {platform: each for platform, each in ADAPTERS.items() if not isinstance(each.proof, NoDeliveries)}
    names = [
        _name(platform)
        for platform, adapter in posting.items()
        if adapter.mapped is not None or adapter.proof.in_address is in_address
    ]
    return {"description": "The body is that of the source's platform.", "anyOf": [_ref(name) for name in names]}


_NATIVE: Final = {
    f"Native{data.__name__.removesuffix('Data')}": _object(
        f"An event `{kind}`; unknown members are ignored.",
        type=_described("What happened.", const=kind),
        data={**_ref(f"Native{data.__name__}"), "description": "What the event says."},
    )
    for kind, data in native.DATA.items()
}
_TRUSTPILOT: Final = {
    name: _object(
        f"{what}; unknown members are ignored.",
        eventName=_described("What happened.", enum=sorted(names)),
        eventData={**_ref(f"Trustpilot{data.__name__}"), "description": "What the event says."},
    )
    for name, what, names, data in (
        ("TrustpilotWritten", "A new or changed review", trustpilot.CREATED | trustpilot.UPDATED, trustpilot.Review),
        ("TrustpilotRemoved", "A review that is gone", trustpilot.DELETED, trustpilot.Deleted),
    )
}
_NATIVE_CHOICES: Final = [_ref(name) for name in _NATIVE]
_TRUSTPILOT_CHOICES: Final = [_ref(name) for name in _TRUSTPILOT]
_SCHEMAS: Final = {
    **schemas_of(HookOut),
    **_components("Native", native.DATA.values()),
    **_components("Trustpilot", (trustpilot.Review, trustpilot.Deleted)),
    **_NATIVE,
    **_TRUSTPILOT,
    "NativeDelivery": {
        "description": "One event of the native format, or an array of them.",
        "anyOf": [*_NATIVE_CHOICES, _events(_NATIVE_CHOICES)],
    },
    **{_name(platform): _shape(adapter) for platform, adapter in ADAPTERS.items() if _posts(adapter)},
    _name("native-v1a"): {"description": "As the native format.", "anyOf": [_ref("NativeDelivery")]},
    _name("custom"): {
        "description": "What the mapping of the source reads.",
        "anyOf": [
            {"type": "object", "description": "Any object."},
            {"type": "array", "description": "Any array.", "items": {"description": "Of anything."}},
        ],
    },
    "TrustpilotDelivery": {
        "description": "What Trustpilot posts: an object with `events`, or one bare event.",
        "anyOf": [*_TRUSTPILOT_CHOICES, _object("Several events.", events=_events(_TRUSTPILOT_CHOICES))],
    },
}

_ID: Final = {
    "name": "source_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "description": "The source's id.",
}
_ANY_ID: Final = {**_ID, "schema": {"type": "string", "minLength": 1}}
"""Whoever only looks is not told what an id is."""
_TOKEN: Final = {
    "name": "token",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "The secret part of the address, as `GET /v1/sources/{source_id}/secret` shows it.",
}
_SIGNATURE: Final = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string", **form}, "description": what}
    for name, form, what in (
        ("webhook-id", {"pattern": r"^[!-\-/-~]{1,256}$"}, "The delivery's id, the same for every attempt."),
        (
            "webhook-timestamp",
            {"pattern": rf"^[0-9]{{1,{MAX_TIMESTAMP_DIGITS}}}$"},
            "Unix seconds of this attempt, within five minutes.",
        ),
        (
            "webhook-signature",
            {"minLength": 1},
            "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several with spaces.",
        ),
    )
]


def _operation(
    operation_id: str, summary: str, description: str, parameters: list[dict[str, Any]], content: dict[str, Any]
) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["hooks"],
            "operationId": operation_id,
            "summary": summary,
            "description": description,
            "parameters": parameters,
            "requestBody": {
                "description": "UTF-8, without duplicate keys, NaN or NUL.",
                "required": True,
                "content": {JSON: content},
            },
            "responses": {
                "202": {
                    "description": "Durable. Events that could not be taken are listed; the others are taken.",
                    "content": {JSON: {"schema": _ref("HookOut")}},
                }
            },
            "security": [],
            "x-plaudit": {
                "problems": [(s, slug) for slug, s in _PROBLEMS.items()],
                "headers": (),
                "answer": {},
                "body": {},
            },
        },
    }


def _look(operation_id: str, summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tags": ["hooks"],
        "operationId": operation_id,
        "summary": summary,
        "description": "Some platforms look before they post. HEAD answers too. Neither says whether there is such "
        "a source.",
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "What the address is for.",
                "content": {"text/plain": {"schema": {"type": "string"}, "example": GREETING}},
            }
        },
        "security": [],
        "x-plaudit": {"problems": [], "headers": (), "answer": {}, "body": {}},
    }


HOOKS: Final = {
    "paths": {
        "/v1/hooks/{source_id}": {"get": _look("look_at_hook", "Look at a source's address", [_ANY_ID])}
        | _operation(
            "post_hook",
            "Post reviews, signed",
            f"One event or an array of up to {MAX_EVENTS:,}, signed as Standard Webhooks v1, or a body of another "
            "platform, signed as that platform does. A repeated delivery gets "
            "its first answer again. 400 and 422 are kept in the log of deliveries; 401, 408, 413 and 415 are not.",
            [_ID, *_SIGNATURE],
            {"schema": _deliveries(in_address=False), "example": NATIVE_EXAMPLE},
        ),
        "/v1/hooks/{source_id}/{token}": {
            "get": _look("look_at_hook_with_token", "Look at a source's secret address", [_ANY_ID, _TOKEN])
        }
        | _operation(
            "post_hook_with_token",
            "Post reviews of a platform that signs nothing",
            "The token in the address is the proof: keep the whole address secret. The body is the platform's own.",
            [_ID, _TOKEN],
            {"schema": _deliveries(in_address=True), "example": TRUSTPILOT_EXAMPLE},
        ),
    },
    "schemas": _SCHEMAS,
}
