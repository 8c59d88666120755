"""Settings of the board in the API."""

import httpx
import pytest

pytestmark = pytest.mark.postgres

PATH = "/v1/board/settings"


async def test_settings_are_changed_only_at_the_revision_that_was_read(api: httpx.AsyncClient) -> None:
    before = await api.get(PATH)
    assert (before.json()["embed_origins"], before.headers["etag"]) == ([], '"0"')
    saved = await api.put(PATH, json={"embed_origins": ["https://A.example/"]}, headers={"if-match": '"0"'})
    assert (saved.status_code, saved.json()["embed_origins"]) == (200, ["https://a.example"])
    late = await api.put(PATH, json={"embed_origins": []}, headers={"if-match": '"0"'})
    assert late.status_code == 412
    assert (await api.get(PATH)).json() == saved.json()


async def test_an_origin_with_a_path_is_refused_with_what_to_write(api: httpx.AsyncClient) -> None:
    answer = await api.put(PATH, json={"embed_origins": ["https://a.example/shop"]})
    assert answer.status_code == 422
    assert "no path: https://www.example.com" in answer.text
