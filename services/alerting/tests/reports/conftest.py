"""What tests of reports share: a policy by open hours."""

from collections.abc import Awaitable, Callable

import pytest

WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
WEEKDAYS = {day: ["09:00-17:00"] for day in WORKDAYS} | {"saturday": [], "sunday": []}


@pytest.fixture
def open_on_weekdays(stage) -> Callable[..., Awaitable[None]]:
    """Puts a policy into force with one class of first answers, by open hours of a calendar."""

    async def opened(*, target: str, week: object = None, zone: str = "UTC") -> None:
        api = await stage.client()
        made = await api.put("/v1/calendars/office", json={"zone": zone, "week": week or WEEKDAYS})
        assert made.status_code == 200, made.text
        answers = {"name": "all", "metric": "first_answer", "due_within": target, "calendar": "office"}
        answers |= {"grace": "1 min", "warn_at": ["50 %"], "notify_within": "60 s"}
        saved = await api.post("/v1/policies/revisions", json={"title": "By open hours", "classes": [answers]})
        assert saved.status_code == 201, saved.text
        activated = await api.post(f"{saved.headers['location']}/activate", json={"skip_preview": True})
        assert activated.status_code == 200, activated.text

    return opened
