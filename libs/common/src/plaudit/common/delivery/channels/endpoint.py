"""Over HTTP: Slack, Teams, signed webhooks, PagerDuty and Alertmanager's shape."""

from datetime import datetime
from typing import Final

from plaudit.common.delivery.commands import Ready
from plaudit.common.delivery.connector import Connector, UnreachableError
from plaudit.common.delivery.domain.message import Channel
from plaudit.common.delivery.domain.outcomes import MAX_SENT_BYTES, Kind, Outcome, meaning
from plaudit.common.delivery.domain.shapes import alertmanager, pagerduty, slack, teams, webhook
from plaudit.common.delivery.domain.shapes.request import Request
from plaudit.common.standard_webhooks import decode_secret

REPEAT_HEADER: Final = "plaudit-possible-repeat"
_REFUSING: Final = {
    Channel.SLACK: slack.REFUSING,
    Channel.TEAMS: teams.REFUSING,
    Channel.WEBHOOK: webhook.REFUSING,
    Channel.PAGERDUTY: pagerduty.REFUSING,
    Channel.ALERTMANAGER: alertmanager.REFUSING,
}


async def send(ready: Ready, connector: Connector, public_url: str, now: datetime) -> Outcome:
    """Send a delivery to its endpoint; return what came of it.

    Args:
        ready: with the endpoint and its secrets.
        connector: to public addresses.
        public_url: the address of this installation.
        now: the time of this attempt.
    """
    if ready.secrets is None:
        raise ValueError("a delivery to an endpoint comes with its secrets")
    request = request_of(ready, public_url, now)
    headers = dict(request.headers)
    if ready.delivery.possible_repeat:
        headers[REPEAT_HEADER] = "true"
    shown = request.shown[:MAX_SENT_BYTES]
    try:
        answer = await connector.post(ready.secrets.url, request.body, headers)
    except UnreachableError as error:
        return Outcome(Kind.FAILED, error=str(error), sent=shown, may_have_arrived=error.may_have_arrived)
    channel = Channel(ready.delivery.channel)
    found = meaning(answer.status, answer.body, answer.retry_after, now, refusing=_REFUSING[channel])
    return Outcome(found.kind, found.status, found.answer, found.error, found.retry_after_seconds, shown)


def request_of(ready: Ready, public_url: str, now: datetime) -> Request:
    """Return what is sent to an endpoint, by its channel."""
    delivery, content, secrets = ready.delivery, ready.content, ready.secrets
    if secrets is None:
        raise ValueError("a delivery to an endpoint comes with its secrets")
    match delivery.channel:
        case Channel.SLACK:
            return slack.request_of(content)
        case Channel.TEAMS:
            return teams.request_of(content)
        case Channel.PAGERDUTY:
            return pagerduty.request_of(delivery, content, secrets.current, public_url)
        case Channel.ALERTMANAGER:
            return alertmanager.request_of(delivery, content, public_url)
        case _:
            return webhook.request_of(delivery, content, [decode_secret(each) for each in secrets.signing(now)], now)
