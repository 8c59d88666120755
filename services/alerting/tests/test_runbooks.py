"""The statements of the runbooks are ones that the database takes: nobody looks for a column at night."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.postgres
RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
BLOCK = re.compile(r"^ *```sql\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["clocks-late", "messages-not-sent", "records-set-aside"])
async def test_every_statement_of_a_runbook_runs(stage, name):
    blocks = BLOCK.findall((RUNBOOKS / f"{name}.md").read_text(encoding="utf-8"))
    statements = [each for block in blocks for each in block.replace("<schema>", "alerting").split(";") if each.strip()]
    assert statements
    for each in statements:
        await stage.rows(each)
