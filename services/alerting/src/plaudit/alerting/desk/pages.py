"""The page of what is late, what is due next, and the newest alerts."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from plaudit.alerting.alerts import store as alert_store
from plaudit.alerting.clocks.domain.review_facts import is_web_address
from plaudit.alerting.desk import store
from plaudit.alerting.mails.domain import moment
from plaudit.common.http import Principal, TenantTx
from plaudit.common.pages import Pages
from plaudit.common.sessions import staff

ROWS: Final = 20
_MINUTE: Final = timedelta(minutes=1)

router = APIRouter(include_in_schema=False)
pages = Pages("plaudit.alerting.desk", title="Plaudit alerting")
Staff = Annotated[Principal, Depends(staff("clocks:read", "alerts:read"))]


@router.get("/")
async def show_desk(principal: Staff, tx: TenantTx) -> Response:
    """Show what is late, what is due next, and the newest alerts."""
    tenant_id = principal.tenant_id
    response = pages.response(
        "desk.html",
        now=tx.now,
        counts=await store.counts(tx, tenant_id),
        max_counted=store.MAX_COUNTED,
        late=await store.late_clocks(tx, tenant_id, ROWS),
        upcoming=await store.next_clocks(tx, tenant_id, ROWS),
        alerts=await alert_store.list_alerts(tx, tenant_id, limit=ROWS),
        tenant_id=tenant_id,
        is_web_address=is_web_address,
        moment=moment,
        duration=duration,
    )
    response.headers["cache-control"] = "no-store"
    return response


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units: `2 d 3 h`, `5 h 10 min`, `under a minute`."""
    minutes = abs(length) // _MINUTE
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "under a minute"
