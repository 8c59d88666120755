"""The console's pages of sources."""

from fastapi import APIRouter

from plaudit.ingest.sources.pages import changing, guides, making, showing

router = APIRouter(include_in_schema=False)
router.include_router(making.router)
router.include_router(guides.router)
router.include_router(showing.router)
router.include_router(changing.router)

__all__ = ["router"]
