"""The first thing a newcomer runs, on a copy of what it needs of the checkout."""

import ast
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from plaudit_local.servers.process import wait_until
from plaudit_local.supervision.layout import CHECKOUT
from plaudit_testing.deadlines import DEADLINE_SECONDS


@pytest.fixture
def checkout(tmp_path):
    """A checkout with nothing but what the bootstrap reads."""
    for name in ("deploy/local/bootstrap.py", "requirements/uv.lock", "requirements/all.lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, tmp_path / name)
    for project in CHECKOUT.glob("*/*/pyproject.toml"):
        copy = tmp_path / project.relative_to(CHECKOUT)
        copy.parent.mkdir(parents=True)
        shutil.copy(project, copy)
    return tmp_path


@pytest.fixture
def bootstrap(checkout):
    """The module, of that checkout."""
    spec = importlib.util.spec_from_file_location("bootstrap", checkout / "deploy/local/bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(checkout: Path, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as make does; `before` is Python that changes what it meets."""
    script = f"import runpy, sys\n{before}\nrunpy.run_path({str(path_of(checkout))!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )


def path_of(checkout: Path) -> Path:
    return checkout / "deploy" / "local" / "bootstrap.py"


def pretend_made(checkout: Path, stamp: str) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    (checkout / ".venv" / "bin" / "python").touch()
    (checkout / ".venv" / "plaudit-stamp").write_text(stamp)


def make_venv_with_pip(checkout: Path) -> None:
    """As the bootstrap does, with the pip of this environment: installing another one takes seconds."""
    venv.create(checkout / ".venv")
    (packages,) = (checkout / ".venv").glob("lib/python*/site-packages")
    (packages / "pip").symlink_to(Path(sysconfig.get_path("purelib")) / "pip")


def test_an_old_python_is_told_so_in_one_sentence(checkout):
    done = run(checkout, "sys.version_info = (3, 10, 4)")
    assert done.returncode == 1
    assert done.stderr.startswith("Plaudit needs Python 3.11 or newer, and this is 3.10: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()


def test_an_old_python_can_read_as_far_as_that_sentence(checkout):
    source = path_of(checkout).read_text()
    tree = ast.parse(source, feature_version=(3, 6))
    # f-strings are older, underscores in numbers are of 3.6; a future import would stop it before the sentence.
    assert not [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    checks = [number for number, node in enumerate(tree.body) if isinstance(node, ast.If)]
    definitions = [number for number, node in enumerate(tree.body) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert checks[0] < definitions[0]


@pytest.mark.parametrize("missing", ["ensurepip", "venv"])
def test_a_python_without_venv_is_told_what_to_install(checkout, missing):
    done = run(checkout, f"sys.modules[{missing!r}] = None")
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_registry_out_of_reach_is_one_sentence_that_names_no_host(checkout):
    make_venv_with_pip(checkout)
    nowhere = "http://127.0.0.1:9/simple"
    done = run(checkout, PIP_INDEX_URL=nowhere, PIP_RETRIES="0", PIP_FIND_LINKS="", PIP_NO_CACHE_DIR="1")
    assert done.returncode == 1
    assert done.stderr.startswith("The package registry cannot be reached: check the network")
    assert len(done.stderr.splitlines()) == 1
    assert "127.0.0.1" not in done.stderr + done.stdout
    assert not (checkout / ".venv" / "plaudit-stamp").exists()


def test_what_is_made_already_is_left_alone(checkout, bootstrap):
    pretend_made(checkout, bootstrap.stamp())
    done = run(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (checkout / ".local").exists()


@pytest.mark.parametrize("name", ["requirements/uv.lock", "requirements/all.lock", "services/ingest/pyproject.toml"])
def test_any_change_of_a_lock_or_project_asks_for_a_new_environment(checkout, bootstrap, name):
    stamp = bootstrap.stamp()
    pretend_made(checkout, stamp)
    assert bootstrap.is_made(stamp)
    with (checkout / name).open("a") as file:
        file.write("\n# changed\n")
    assert not bootstrap.is_made(bootstrap.stamp())


def test_a_second_make_waits_for_the_first_and_then_has_nothing_to_do(checkout, bootstrap):
    (checkout / ".local").mkdir()
    with (checkout / ".local" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (checkout / "output").open("w+") as output:
            second = subprocess.Popen([sys.executable, "-u", str(path_of(checkout))], stdout=output, stderr=output)
            assert wait_until(lambda: "waiting for it" in (checkout / "output").read_text(), DEADLINE_SECONDS)
            pretend_made(checkout, bootstrap.stamp())
    assert second.wait(DEADLINE_SECONDS) == 0
    assert (checkout / "output").read_text() == "Another make prepares .venv: waiting for it.\n"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that the lock names"),
        ("Hash mismatch for `x==1`", "not the one that the lock names"),
        ("error sending request for url (https://…)\nerror: Failed to fetch", "The package registry cannot be reached"),
        ("[Errno -3] Temporary failure in name resolution", "The package registry cannot be reached"),
        ("something else\n\n", "This step failed: doing it. The end of its output: something else"),
        ("", "it said nothing"),
    ],
)
def test_a_failed_step_is_explained_by_what_it_said(bootstrap, output, sentence):
    assert sentence in bootstrap.explain("doing it", output)


def test_the_users_settings_of_pip_reach_uv_unless_uv_has_its_own(bootstrap, monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://one.example/simple\ntimeout = 7\n")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://two.example/a https://two.example/b")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "99")
    environment = bootstrap.uv_environment()
    assert environment["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    assert environment["UV_INDEX"] == "https://two.example/a https://two.example/b"
    assert environment["UV_HTTP_TIMEOUT"] == "99"
    (tmp_path / "config" / "uv").mkdir(parents=True)
    (tmp_path / "config" / "uv" / "uv.toml").touch()
    assert "UV_DEFAULT_INDEX" not in bootstrap.uv_environment()
