"""The page of the API reference: plain, and with Swagger UI where the installation has it."""

import json
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from plaudit.common.http import Api, create_app
from plaudit.common.pages.static import PageAssets
from plaudit_testing.serving import serving

OF_ALL = {
    "openapi": "3.1.0",
    "info": {"title": "All", "version": "1"},
    "paths": {
        "/v1/elsewhere": {
            "get": {
                "operationId": "list_elsewhere",
                "security": [{"api_key": ["elsewhere:read"]}],
                "responses": {
                    "200": {
                        "description": "Good.",
                        "content": {"application/json": {"schema": {}, "example": {"found": "<b>"}}},
                    }
                },
            }
        }
    },
}


def app_with(no_database: SimpleNamespace, folder: Path | None) -> Api:
    return create_app(
        title="One", service="one", description="", resources=no_database, routers=[], assets=PageAssets(folder)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "swagger-ui").mkdir()
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt"):
        (tmp_path / "swagger-ui" / name).write_text(name)
    (tmp_path / "openapi.json").write_text(json.dumps(OF_ALL))
    (tmp_path / ".half").write_text("half written")
    return tmp_path


async def test_without_assets_the_page_shows_the_services_own_reference_without_scripts(
    no_database: SimpleNamespace,
) -> None:
    async with serving(app_with(no_database, None)) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "<script" not in page.text
        assert (await client.get("/docs/openapi.json")).json()["info"]["title"] == "One"


async def test_with_assets_the_page_shows_the_reference_of_all_services_with_scopes_and_examples(
    no_database: SimpleNamespace, folder: Path
) -> None:
    async with serving(app_with(no_database, folder)) as client:
        assert (await client.get("/docs/openapi.json")).json() == OF_ALL
        page = (await client.get("/docs")).text
        assert "/v1/elsewhere" in page
        assert "elsewhere:read" in page
        assert "&lt;b&gt;" in page


async def test_the_libraries_are_served_for_ever_at_addresses_that_change_with_them(
    no_database: SimpleNamespace, folder: Path
) -> None:
    [library] = PageAssets(folder).libraries.values()
    url = library.url("swagger-ui-bundle.js")
    async with serving(app_with(no_database, folder)) as client:
        assert url in (await client.get("/docs")).text
        found = await client.get(url)
        assert (found.text, found.headers["content-type"]) == ("swagger-ui-bundle.js", "text/javascript; charset=utf-8")
        assert "immutable" in found.headers["cache-control"]
        assert (await client.get(library.url("swagger-ui-bundle.js.LICENSE.txt"))).status_code == 200
    (folder / "swagger-ui" / "swagger-ui-bundle.js").write_text("newer")
    assert PageAssets(folder).libraries["swagger-ui"].url("swagger-ui-bundle.js") != url


async def test_only_the_page_of_the_reference_may_show_images_that_are_in_a_stylesheet(
    no_database: SimpleNamespace, folder: Path
) -> None:
    def policies(answer: httpx.Response) -> list[str]:
        return answer.headers.get_list("content-security-policy")

    async with serving(app_with(no_database, folder)) as client:
        [reference], [problems] = policies(await client.get("/docs")), policies(await client.get("/problems"))
    assert "img-src 'self' data:" in reference
    assert reference.replace(" data:", "") == problems
    assert "unsafe" not in reference


def test_a_folder_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PageAssets(tmp_path / "missing")
