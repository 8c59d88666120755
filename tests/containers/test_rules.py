"""The alerts, as Prometheus itself reads them."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool here (apt-get install prometheus)"
)


@needs_promtool
@pytest.mark.parametrize(
    "asked",
    [
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", "--lint-fatal", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=lambda asked: " ".join(asked[:2]),
)
def test_prometheus_reads_its_files_and_tells_what_it_should(asked: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *asked], cwd=FOLDER, check=False, capture_output=True, text=True)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
