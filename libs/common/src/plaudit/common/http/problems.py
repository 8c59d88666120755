"""Errors as RFC 9457 problem details: `application/problem+json`, one `type` per slug."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from plaudit.common.http.json import encode
from plaudit.common.refusals import sentence
from plaudit.common.strict_json import LIMITS

MEDIA_TYPE: Final = "application/problem+json"
DOCS_URL: Final = ""
"""Before `/problems#slug` in the type of a problem; each service explains its own problems."""
RETRY_AFTER_SECONDS: Final = 1
_CLOSE: Final = {"Connection": "close"}
COMMON_PROBLEMS: Final = {
    "bad-request": "The body cannot be read, for example a form with too many fields. Compare it with the page's form.",
    "body-too-large": "The body is larger than this address accepts. Send less at a time.",
    "body-too-slow": "The body did not arrive within some seconds. Send it without pauses.",
    "body-not-taken": "The operation takes no body, and one came: nothing of it would have counted. Send none.",
    "compressed-body": "Compressed bodies are not accepted. Send it without Content-Encoding.",
    "forbidden": "The key is valid, but lacks a scope that this operation needs. Use another key.",
    "head-too-large": "There are too many headers, or they are too long. Send fewer or shorter ones.",
    "head-too-slow": "The headers did not arrive within some seconds. Send them without pauses.",
    "idempotency-key-reused": "The Idempotency-Key came with another request before. Use a new key for a new request.",
    "internal-error": "Something went wrong here. It is logged under the instance; try again later.",
    "invalid-cursor": "The cursor is not from this list with these filters. Start again without one.",
    "invalid-idempotency-key": "An Idempotency-Key has 1 to 255 printable characters and no space.",
    "invalid-request": "Values are missing or against the rules; `errors` names each with its place. Correct them.",
    "malformed-http": "The request is not HTTP/1.1. Use a client library, or compare with the specification.",
    "malformed-json": "The body is not JSON, is JSON that parsers read differently (duplicate keys, NaN), or is beyond "
    f"the limits: {LIMITS}.",
    "method-not-allowed": "The address does not accept this method; `Allow` names those that it accepts.",
    "not-found": "It does not exist, or it belongs to another tenant.",
    "not-json": "The body is of a type that this address does not take. Send JSON, as `Content-Type` must say.",
    "precondition-failed": "It has changed since you read it. Read it again and decide again.",
    "repeated-header": "A header that has one value came more than once. Send it once.",
    "sent-from-elsewhere": "A form counts only when a page of this service sent it. Open the page and send it there.",
    "too-much-at-once": "A network's limit for this hour is reached. Come back after `Retry-After` seconds.",
    "unauthorized": "No valid API key came with the request.",
    "unavailable": "Not available now, and nothing was stored. Try again after `Retry-After` seconds.",
    "unknown-method": "No address of this service knows the method. Use one that `OPTIONS` names in `Allow`.",
    "unknown-transfer-coding": "The body has a Transfer-Encoding other than chunked. Send it plain, or only chunked.",
    "unreadable-text": "A text has a character that cannot be stored, such as NUL, or is not UTF-8. Correct it.",
}
"""Slug → meaning and what to do, of the problems that every service has."""


class ProblemError(msgspec.Struct, frozen=True, rename={"place": "in"}):
    """One value that is missing or against the rules."""

    place: Annotated[
        Literal["body", "query", "path", "header", "cookie"], Meta(description="The part of the request that it is in.")
    ]
    pointer: Annotated[str, Meta(description="JSON pointer (RFC 6901) into it.")]
    code: Annotated[str, Meta(description="The rule that it breaks, in one word.")]
    detail: Annotated[str, Meta(description="The rule in words; never the value.")]


def against_rule(
    place: Literal["body", "query", "path", "header", "cookie"], pointer: str, code: str, rule: Exception | str
) -> ProblemError:
    """Return that a value is against a rule, told as a sentence."""
    return ProblemError(place, pointer, code, sentence(rule))


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Problem details after RFC 9457."""

    type: Annotated[str, Meta(description="Ends in the problem's slug.", extra_json_schema={"format": "uri-reference"})]
    title: Annotated[str, Meta(description="The same for every problem of this type.")]
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status of the answer.")]
    detail: Annotated[str, Meta(description="What is wrong this time, and what to do about it.")] = ""
    instance: Annotated[str, Meta(description="The request id, as in the header X-Request-Id.")] = ""
    errors: Annotated[
        tuple[ProblemError, ...], Meta(description="Each value that is missing or against the rules.")
    ] = ()


class Problem(Exception):  # noqa: N818 - the name that RFC 9457 gives it
    """An answer that says what is wrong; it may be raised anywhere below an endpoint."""

    def __init__(
        self,
        slug: str,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the problem.

        Args:
            slug: a stable word that clients may compare, for example `not-found`.
            status: HTTP status.
            title: the same for every problem of this slug.
            detail: what is wrong this time, and what to do about it, without anything internal.
            errors: of a validation.
            headers: to add to the answer, for example `Retry-After`.
        """
        super().__init__(f"{status} {slug}: {detail or title}")
        self.slug = slug
        self.status = int(status)
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def body(self, instance: str = "") -> bytes:
        """Return the problem as JSON; `instance` is the request id."""
        kind = f"{DOCS_URL}/problems#{self.slug}"
        return encode(ProblemBody(kind, self.title, self.status, self.detail, instance, self.errors))

    def response(self, instance: str = "") -> Response:
        """Return the answer; `instance` is the request id."""
        return Response(self.body(instance), self.status, headers=self.headers, media_type=MEDIA_TYPE)


def bad_request(slug: str, detail: str) -> Problem:
    """Return a 400: the request cannot be read."""
    return Problem(slug, HTTPStatus.BAD_REQUEST, "The request cannot be read", detail)


def unauthorized() -> Problem:
    """Return the one 401 for a missing, malformed, unknown, expired or wrong key."""
    return Problem(
        "unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "A valid API key is needed",
        "Send `Authorization: Bearer plaudit_…` with a key that is neither revoked nor expired.",
        headers={"WWW-Authenticate": 'Bearer realm="plaudit"'},
    )


def forbidden(scope: str) -> Problem:
    """Return a 403: the key is valid and lacks this scope."""
    return Problem("forbidden", HTTPStatus.FORBIDDEN, "The key may not do this", f"The key lacks the scope `{scope}`.")


def not_found(what: str) -> Problem:
    """Return a 404, also for another tenant's; `what` is a noun, for example `review`."""
    return Problem("not-found", HTTPStatus.NOT_FOUND, "Not found", f"There is no such {what}.")


def conflict(slug: str, detail: str) -> Problem:
    """Return a 409: the present state does not allow this."""
    return Problem(slug, HTTPStatus.CONFLICT, "In conflict with the present state", detail)


def method_not_allowed(headers: Mapping[str, str] | None = None) -> Problem:
    """Return the 405; the edge adds `Allow`."""
    return Problem(
        "method-not-allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The address does not accept this method",
        "Use one that the header `Allow` names.",
        headers=headers,
    )


def not_json() -> Problem:
    """Return the 415 for a body that says that it is no JSON, or does not say what it is."""
    return Problem(
        "not-json",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Only JSON is taken",
        "Send the body with `Content-Type: application/json`.",
        headers={"Accept": "application/json"},
    )


def precondition_failed(detail: str) -> Problem:
    """Return a 412: `If-Match` names a version that is not the present one."""
    return Problem("precondition-failed", HTTPStatus.PRECONDITION_FAILED, "Changed in between", detail)


def body_too_large(max_bytes: int) -> Problem:
    """Return a 413 that names the limit."""
    detail = f"The body may have {max_bytes} bytes."
    return Problem("body-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", detail)


def body_too_slow() -> Problem:
    """Return the 408 for a body that takes too long."""
    detail = "The whole body must arrive within a few seconds."
    return Problem("body-too-slow", HTTPStatus.REQUEST_TIMEOUT, "The body took too long", detail, headers=_CLOSE)


def head_too_large() -> Problem:
    """Return the 431 for too many or too large headers."""
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return Problem("head-too-large", status, "The headers are too large", "Send fewer or shorter ones.", headers=_CLOSE)


def head_too_slow() -> Problem:
    """Return the 408 for headers that take too long."""
    detail = "All headers must arrive within a few seconds."
    return Problem("head-too-slow", HTTPStatus.REQUEST_TIMEOUT, "The headers took too long", detail, headers=_CLOSE)


def malformed(detail: str = "") -> Problem:
    """Return the 400 for bytes that are not HTTP."""
    return Problem("malformed-http", HTTPStatus.BAD_REQUEST, "The request is not HTTP/1.1", detail, headers=_CLOSE)


def repeated_header(name: str) -> Problem:
    """Return the 400 for a header that came twice and has one value."""
    return bad_request("repeated-header", f"The header `{name}` came more than once. Send it once.")


def unknown_method() -> Problem:
    """Return the 501 for a method that no address here knows."""
    return Problem("unknown-method", HTTPStatus.NOT_IMPLEMENTED, "No address here knows this method", headers=_CLOSE)


def unknown_transfer_coding() -> Problem:
    """Return the 501 for a body in another transfer coding than chunked."""
    detail = "Send the body with Content-Length, or chunked and nothing else."
    title = "This transfer coding is not known here"
    return Problem("unknown-transfer-coding", HTTPStatus.NOT_IMPLEMENTED, title, detail, headers=_CLOSE)


def unprocessable(slug: str, detail: str, errors: Sequence[ProblemError] = ()) -> Problem:
    """Return a 422: the request can be read, and breaks a rule."""
    return Problem(slug, HTTPStatus.UNPROCESSABLE_ENTITY, "Against the rules", detail, errors=errors)


def unavailable(detail: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    """Return a 503 that says when to try again."""
    return Problem(
        "unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Not available just now",
        detail,
        headers={"Retry-After": str(retry_after_seconds)},
    )


def too_much_at_once(detail: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    """Return a 429 that says when to try again."""
    return Problem(
        "too-much-at-once",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too much at once",
        detail,
        headers={"Retry-After": str(retry_after_seconds)},
    )


def too_many_connections() -> Problem:
    """Return the 503 for a connection beyond the limit, which is closed."""
    problem = unavailable("Too many connections are open. Nothing was stored; try again.")
    problem.headers |= _CLOSE
    return problem


def internal_error() -> Problem:
    """Return the one 500: it says nothing but the request id, under which the log has the error."""
    return Problem(
        "internal-error",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong here",
        "It is logged under this instance. Nothing that was not answered 2xx may be taken as done.",
    )
