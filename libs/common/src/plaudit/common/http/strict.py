"""Nothing that a client sends is passed over: unknown query parameters and body fields are refused by name.

`create_app` checks the query of every operation of the API, and that none is sent a body which it does not take. Bodies
are checked by being a `Body`. Pages take any query,
since addresses of pages are passed around with parameters that others have added.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Param, ParamTypes
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from plaudit.common.http.body import read_body
from plaudit.common.http.problems import bad_request
from plaudit.common.names import nearest

MAX_SHOWN_CHARS: Final = 60
_JSON_SPACE: Final = b" \t\r\n"
_LISTS: Final = (list, set, tuple, frozenset)
_KNOWN: Final = "plaudit_known_parameters"
"""The attribute of a route that keeps what was found: a route cannot be the key of a dictionary."""
_PAGES: Final = "/console/"
"""What is below it is pages, whose forms come with more than a page reads."""


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a query that holds a parameter that the operation does not have, or one twice that has a single value.

    Raises:
        RequestValidationError: it names each of them, and the parameter that may have been meant.
    """
    route = request.scope["route"]
    if not (request.scope["query_string"] and route.include_in_schema):
        return
    known = _known(route)
    errors = []
    for name in dict.fromkeys(request.query_params.keys()):
        if name not in known:
            errors.append(_error("unknown_parameter", _unknown("parameter", name, known), name))
        elif not known[name] and len(request.query_params.getlist(name)) > 1:
            errors.append(_error("repeated_parameter", "This parameter has one value. Send it once.", name))
    if errors:
        raise RequestValidationError(errors)


async def refuse_body_not_taken(request: Request) -> None:
    """Refuse a body that an operation of the API does not take: its sender believes that something of it counts.

    An empty one, and an empty object of JSON, say nothing: some clients always send one.

    Raises:
        Problem: 400, `body-not-taken`.
    """
    route, exchange = request.scope["route"], request.state.exchange
    exchange.awaits_body = _takes_body(route)
    is_page = request.scope["path"].startswith(_PAGES)
    if exchange.body_complete or is_page or not route.include_in_schema or exchange.awaits_body:
        return
    body = await read_body(exchange, exchange.max_bytes)
    if body.translate(None, _JSON_SPACE) not in (b"", b"{}"):
        raise bad_request("body-not-taken", "This operation takes no body. Send none, or an empty object: {}.")


def _takes_body(route: APIRoute) -> bool:
    """Say whether a route has a body, by its parameters, or by what it tells the document where it reads it itself."""
    return route.body_field is not None or "requestBody" in (route.openapi_extra or {})


def _known(route: APIRoute) -> Mapping[str, bool]:
    """Return each parameter of the query, and whether it takes several values; they are found once for each route."""
    known: Mapping[str, bool] | None = vars(route).get(_KNOWN)
    if known is None:
        parameters = get_flat_params(route.dependant)
        known = {
            each.alias: _takes_several(each.field_info.annotation) for each in parameters if _is_query(each.field_info)
        }
        setattr(route, _KNOWN, known)
    return known


class Body(BaseModel):
    """The body of a request: a field that it does not have is refused by name."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = [field.alias or name for name, field in cls.model_fields.items()]
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("unknown_field", "{rule}", {"rule": _unknown("field", name, known)}),
                loc=(name,),
                input=None,
            )
            for name in value
            if name not in known
        ]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return value


def _refuse_other_types(value: Any) -> Any:
    if isinstance(value, (bool, str)):
        raise PydanticCustomError("int_type", "must be a whole number")
    return value


WHOLE: Final = BeforeValidator(_refuse_other_types)
"""Of a whole number in a body, behind its bounds: 2 and 2.0, as JSON has one kind of numbers; neither "2" nor true."""


def _is_query(parameter: object) -> bool:
    return isinstance(parameter, Param) and parameter.in_ is ParamTypes.query


def _takes_several(annotation: Any) -> bool:
    return any(get_origin(each) in _LISTS for each in (annotation, *get_args(annotation)))


def _error(code: str, what: str, name: str) -> dict[str, Any]:
    return {"type": code, "loc": ("query", name[:MAX_SHOWN_CHARS]), "msg": what}


def _unknown(noun: str, name: str, known: Iterable[str]) -> str:
    near = nearest(name, known, most=1)
    if near:
        return f"There is no such {noun}. Did you mean `{near[0]}`?"
    names = ", ".join(f"`{each}`" for each in known)
    return f"There is no such {noun}. " + (f"Known are {names}." if names else "None is known here.")
