"""Incidents by the API, and what became of their clocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from plaudit.alerting.clocks.domain.clock import clock_id
from plaudit_testing.clocks import PUBLISHED

TEXT: Mapping[str, Any] = {
    "language": "en",
    "title": "Card payments fail",
    "apology": "We are sorry: some of you cannot pay by card.",
    "cause": None,
    "fix": "We have moved payments to our second provider.",
    "prevention": "From now on both providers are tried.",
}
ARABIC: Mapping[str, Any] = {
    "language": "ar",
    "title": "الدفع بالبطاقة لا يعمل",
    "apology": "نعتذر.",
    "cause": None,
    "fix": "نصلحه.",
    "prevention": "سنراقبه.",
}


def after(hours: float) -> datetime:
    """So many hours after the opening."""
    return PUBLISHED + timedelta(hours=hours)


def iso(at: datetime) -> str:
    """An instant as the API takes and shows it."""
    return at.isoformat().replace("+00:00", "Z")


def page_of(incident: Mapping[str, Any]) -> str:
    """The path of the public page of an incident of the default tenant."""
    return f"/incidents/default/{incident['slug']}"


@dataclass
class Incidents:
    """The API of incidents of one tenant."""

    stage: Any
    api: httpx.AsyncClient
    tenant: str = "default"

    async def opened(self, **members: object) -> dict[str, Any]:
        body = {"title": "Payments fail", "severity": "urgent", "audience": "public", "subjects": ["acme/berlin"]}
        answer = await self.api.post("/v1/incidents", json=body | members)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def updated(
        self, incident: Mapping[str, Any], *texts: Mapping[str, Any], **members: object
    ) -> dict[str, Any]:
        body = {"texts": [{**TEXT, **each} for each in texts or ({},)], **members}
        answer = await self.api.post(f"/v1/incidents/{incident['id']}/updates", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def puts(self, incident: Mapping[str, Any], what: str, **body: object) -> httpx.Response:
        return await self.api.put(f"/v1/incidents/{incident['id']}/{what}", json=body)

    async def posts(self, incident: Mapping[str, Any], what: str, **body: object) -> httpx.Response:
        return await self.api.post(f"/v1/incidents/{incident['id']}/{what}", json=body)

    async def read(self, incident: Mapping[str, Any]) -> dict[str, Any]:
        return dict((await self.api.get(f"/v1/incidents/{incident['id']}")).json())

    async def clock(self, incident: Mapping[str, Any], metric: str = "incident_update", instance: int = 1) -> Any:
        ids = clock_id(self.tenant, incident["id"], metric, instance)
        found = await self.stage.rows("SELECT * FROM clocks WHERE id = $1", ids)
        return found[0] if found else None

    async def log(self, incident: Mapping[str, Any], metric: str = "incident_update", instance: int = 1) -> list[str]:
        ids: UUID = clock_id(self.tenant, incident["id"], metric, instance)
        rows = await self.stage.rows(
            "SELECT kind, event ->> 'percent' AS percent, event ->> 'after' AS after FROM clock_events "
            "WHERE clock_id = $1 ORDER BY id",
            ids,
        )
        return [" ".join(filter(None, (row["kind"], row["percent"], row["after"]))) for row in rows]

    async def tells(self, hours: float) -> None:
        """Time goes on, and what is due is told: within a minute, together with others."""
        await self.goes_to(hours)
        await self.stage.sends()
        await self.goes_to(hours + 0.02)
        await self.stage.sends()

    async def goes_to(self, hours: float) -> None:
        """Time goes on; what is due fires."""
        await self.stage.move_to(after(hours))
        await self.stage.fires()
