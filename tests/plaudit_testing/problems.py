"""Problems as tests look at them."""

from typing import Final

import httpx

MEDIA_TYPE: Final = "application/problem+json"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and the slug of an answer that is a problem."""
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    return answer.status_code, answer.json()["type"].partition("#")[2]
