import pytest

from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres


@pytest.fixture
async def api(stage):
    return await stage.client()


async def test_policies_show_the_built_in_one_before_and_after_its_first_use(stage, api):
    before = (await api.get("/v1/policies")).json()
    await stage.happens(None, review(), at(0))
    after = (await api.get("/v1/policies")).json()
    assert before == after
    assert [(item["revision"], item["target_seconds"], item["max_stars"]) for item in after["items"]] == [(1, 86400, 2)]
