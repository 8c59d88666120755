"""What a route depends on runs in the event loop: the framework calls what is not asynchronous in another thread.

Such a thread takes longer than all the rest of a request, and a request waits for one where all of them are busy.
"""

import inspect
from collections.abc import Callable, Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from plaudit.common.http.auth import anyone
from plaudit_testing.operations import NO_DATABASE, SERVICES, build


def _all_calls(dependant: Dependant) -> Iterator[Callable[..., object]]:
    """Return the endpoint and all that it depends on."""
    assert dependant.call is not None
    yield dependant.call
    for each in dependant.dependencies:
        yield from _all_calls(each)


def _is_asynchronous(call: Callable[..., object]) -> bool:
    called = call if inspect.isroutine(call) else type(call).__call__
    return inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called)


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_no_endpoint_and_nothing_that_it_depends_on_waits_for_a_thread(service) -> None:
    dependants = [
        getattr(each, "dependant", None) for each in iter_route_contexts(build(service, NO_DATABASE)[0].routes)
    ]
    called = {call for each in dependants if each is not None for call in _all_calls(each)}
    assert anyone in called
    names = sorted(f"{call.__module__}.{call.__qualname__}" for call in called if not _is_asynchronous(call))
    assert not names
