"""Pages of the console that every service has: API keys, people, and the account of whoever is signed in.

A service gives `router` to `create_app`, beside that of `plaudit.common.sessions`. `cli` is `plaudit people`.
"""

from fastapi import APIRouter

from plaudit.common.administration import account, keys, people

router = APIRouter(routes=[*keys.router.routes, *people.router.routes, *account.router.routes])

__all__ = ["router"]
