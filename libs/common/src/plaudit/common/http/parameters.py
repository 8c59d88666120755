"""Parameters of the query that a dataclass holds, as a dependency."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def parameters(kind: type[Kind]) -> Callable[..., Awaitable[Kind]]:
    """Return a dependency that makes a dataclass of the parameters that its fields are annotated with.

    The framework calls a class, as every function that is not asynchronous, in another thread: that takes longer than
    all the rest of a request for a page.
    """

    async def made(**values: Any) -> Kind:
        return kind(**values)

    made.__signature__ = inspect.signature(kind)  # type: ignore[attr-defined] # what `inspect.signature` looks for first
    return made
