"""A survey, and links to it."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from plaudit_testing.running_ingest import DEFAULT, Ingest

OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@dataclass
class Asking:
    """Makes surveys, invites and responds, as a team and its customers do."""

    ingest: Ingest
    survey: dict[str, Any] = field(default_factory=dict)

    async def send(self, method: str, path: str, tenant: str = DEFAULT, **sent: Any) -> httpx.Response:
        """Ask the API with a key of the tenant."""
        headers = {"authorization": f"Bearer {await self.ingest.key(tenant)}", **sent.pop("headers", {})}
        return await self.ingest.client.request(method, path, headers=headers, **sent)

    async def make(self, tenant: str = DEFAULT, **wanted: Any) -> dict[str, Any]:
        """Make a survey."""
        plain = {"name": "After it", "subject": "acme", "kind": "stars", "template": "shop", "language": "en"}
        answer = await self.send("POST", "/v1/surveys", tenant, json={**plain, **wanted})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def invite(self, *customers: dict[str, Any], days: int = 30, **sent: Any) -> httpx.Response:
        """Invite to the survey."""
        wanted = {"invitations": list(customers), "expires_in_days": days}
        return await self.send("POST", f"/v1/surveys/{self.survey['id']}/invitations", json=wanted, **sent)

    async def link(self, email: str = "ada@example.com", **more: Any) -> str:
        """The path of the page of one customer."""
        answer = await self.invite({"email": email, **more})
        assert answer.status_code == 200, answer.text
        [invited] = answer.json()["invitations"]
        return str(httpx.URL(invited["link"]).path)

    async def respond(self, path: str, headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        """Send the form of the page."""
        return await self.ingest.client.post(path, data=form, headers=OURS if headers is None else headers)

    async def reviews(self) -> list[dict[str, Any]]:
        """All reviews."""
        return await self.ingest.items("/v1/reviews")

    async def age(self, path: str, how: str = "expires_at = now()") -> None:
        """Change the invitation of a link in the database."""
        assert path
        await self.ingest.superuser.execute(f"UPDATE ingest.survey_invitations SET {how}")


@pytest.fixture
async def asking(ingest: Ingest) -> Asking:
    """A survey with stars, in English, about `acme`."""
    made = Asking(ingest)
    made.survey = await made.make()
    return made
