import pytest

from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres


@pytest.fixture
async def api(stage):
    return await stage.client()


async def test_policies_show_the_built_in_ones_before_and_after_its_first_use(stage, api):
    before = (await api.get("/v1/policies")).json()
    await stage.happens(None, review(), at(0))
    after = (await api.get("/v1/policies")).json()
    assert before == after
    assert [(item["revision"], item["target_seconds"], item["severity"]) for item in after["items"]] == [
        (1, 4 * 3600, "drastic"),
        (1, 24 * 3600, "negative"),
    ]
