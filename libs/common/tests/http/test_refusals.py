"""What domains refuse becomes a problem by the application's table; endpoints catch nothing."""

from types import SimpleNamespace

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from plaudit.common.http import Problem, conflict, create_app
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.idempotency import KeyReusedError
from plaudit.common.rate_limits import LimitExceededError
from plaudit_testing.serving import serving

router = APIRouter()


class ClosedError(Exception):
    pass


class ClosedForGoodError(ClosedError):
    pass


RAISED = {
    "closed": ClosedError("come back"),
    "closed-for-good": ClosedForGoodError("never"),
    "reused": KeyReusedError(),
    "limit": LimitExceededError(7),
    "problem": Problem("teapot", 418, "A teapot"),
    "unknown": KeyError("secret"),
    "instead": AnswerInsteadError(PlainTextResponse("something else", 201)),
}


@router.get("/raises/{what}")
async def raises(what: str) -> None:
    raise RAISED[what]


async def test_each_refusal_is_the_problem_that_the_table_says(no_database: SimpleNamespace) -> None:
    app = create_app(
        title="T",
        service="t",
        description="",
        resources=no_database,
        routers=[router],
        refusals={ClosedError: lambda error: conflict("closed", str(error))},
    )
    async with serving(app) as client:
        answers = {what: await client.get(f"/raises/{what}") for what in RAISED}
    told = {what: (answer.status_code, answer.text.split("#")[-1].split('"')[0]) for what, answer in answers.items()}
    assert told == {
        "closed": (409, "closed"),
        "closed-for-good": (409, "closed"),
        "reused": (422, "idempotency-key-reused"),
        "limit": (429, "too-much-at-once"),
        "problem": (418, "teapot"),
        "unknown": (500, "internal-error"),
        "instead": (201, "something else"),
    }
    assert "come back" in answers["closed"].text
    assert answers["limit"].headers["retry-after"] == "7"
    assert "secret" not in answers["unknown"].text
