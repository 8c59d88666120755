from importlib.resources import as_file, files

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from plaudit.common.db.revision import head_revision
from plaudit.common.db.roles import schema_name


@pytest.mark.parametrize("service", ["common", "ingest", "scoring", "alerting", "feedback-board"])
def test_the_head_that_we_read_is_the_one_that_alembic_finds(service: str) -> None:
    with as_file(files(f"plaudit.{schema_name(service)}").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        assert head_revision(service) == ScriptDirectory.from_config(config).get_current_head()
