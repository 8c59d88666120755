from importlib.resources import as_file, files

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from plaudit.common.db.revision import RUNTIME, History, head_revision, history_of

SERVICES = ["common", "ingest", "scoring", "alerting", "feedback-board"]


@pytest.mark.parametrize("history", [RUNTIME, *map(history_of, SERVICES)], ids=lambda history: history.package)
def test_the_head_that_we_read_is_the_one_that_alembic_finds(history: History) -> None:
    with as_file(files(history.package).joinpath(history.folder)) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        assert head_revision(history) == ScriptDirectory.from_config(config).get_current_head()
