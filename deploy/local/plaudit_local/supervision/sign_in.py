"""A link that signs in once, made in the database of the running product."""

import os
import subprocess
from collections.abc import Mapping
from typing import Any

from plaudit_local.servers.process import plain_environment
from plaudit_local.supervision.plan import Plan

LINK_SECONDS = 30.0


def fresh_link(plan: Plan, endpoints: Mapping[str, Any]) -> str | None:
    """Return a new link to the console; None where none can be made now.

    Args:
        plan: has the step that prints one.
        endpoints: of the running product.
    """
    if plan.sign_in is None:
        return None
    environment = plain_environment(
        PLAUDIT_DATABASE_URL=str(endpoints.get("database_url", "")),
        PLAUDIT_PUBLIC_URL=os.environ.get("PLAUDIT_PUBLIC_URL") or str(endpoints.get("address", "")),
    )
    try:
        done = subprocess.run(
            plan.sign_in.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LINK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
