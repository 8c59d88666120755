"""Parameters that a dataclass holds are read where the request is served."""

import threading
from dataclasses import dataclass
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Query

from plaudit.common.http.parameters import parameters


@dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    colour: Annotated[str, Query(max_length=5)] = "red"
    limit: Annotated[int, Query(ge=1)] = 50


async def test_a_dataclass_is_made_of_its_parameters_in_the_thread_of_the_request() -> None:
    app, made_in = FastAPI(), []

    @dataclass(frozen=True)
    class Noted(Wanted):
        def __post_init__(self) -> None:
            made_in.append(threading.get_ident())

    @app.get("/")
    async def read(wanted: Annotated[Noted, Depends(parameters(Noted))]) -> str:
        return f"{wanted.colour} {wanted.limit}"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/")).json() == "red 50"
        assert (await client.get("/?colour=blue&limit=3")).json() == "blue 3"
        assert (await client.get("/?colour=yellow")).status_code == 422
        assert (await client.get("/?limit=0")).status_code == 422
    assert made_in == [threading.get_ident()] * 2
