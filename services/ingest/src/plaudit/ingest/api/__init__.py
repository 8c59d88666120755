"""HTTP: hooks for platforms; sources, reviews and the delivery log for teams."""

from plaudit.ingest.api.deliveries import router as deliveries_router
from plaudit.ingest.api.reviews import router as reviews_router
from plaudit.ingest.api.sources import router as sources_router

ROUTERS = (sources_router, reviews_router, deliveries_router)
