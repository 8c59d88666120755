"""What pages use beyond our own files comes from locked jars, and is served with them."""

import hashlib
from pathlib import Path
from zipfile import ZipFile

import pytest

from plaudit_local import page_assets
from plaudit_local.servers.jars import PAGES_LOCK, Jar, JarsUnavailableError, read_lock


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with jars as the lock names them."""
    jars = []
    for locked in read_lock(PAGES_LOCK):
        path = tmp_path / "cache" / locked.path
        path.parent.mkdir(parents=True)
        inside = f"META-INF/resources/webjars/{locked.artifact}/{locked.version}"
        with ZipFile(path, "w") as archive:
            for name, place in page_assets.FILES[locked.artifact].items():
                archive.writestr(f"{inside}/{place}", f"content of {name}")
            archive.writestr(f"{inside}/index.html", "not served")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        jars.append(Jar(locked.group, locked.artifact, locked.version, digest))
    monkeypatch.setattr(page_assets, "read_lock", lambda _path: jars)
    return tmp_path / "cache"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_library_that_is_locked_is_served() -> None:
    assert [jar.artifact for jar in read_lock(PAGES_LOCK)] == list(page_assets.FILES)


def test_the_folder_holds_the_files_of_the_libraries_and_the_reference_and_nothing_else(
    tmp_path: Path, cache: Path
) -> None:
    page_assets.fill(tmp_path / "assets", cache=cache)
    wanted = {f"{library}/{name}" for library, names in page_assets.FILES.items() for name in names}
    assert files(tmp_path / "assets") == {"openapi.json", *wanted}
    assert (tmp_path / "assets" / "swagger-ui" / "swagger-ui.css").read_text() == "content of swagger-ui.css"
    assert (tmp_path / "assets" / "uplot" / "LICENSE.txt").read_text() == "content of LICENSE.txt"


def test_a_file_that_was_changed_is_written_again_and_the_others_are_left(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "assets"
    page_assets.fill(folder, cache=cache)
    changed, kept = folder / "swagger-ui" / "swagger-ui.css", folder / "openapi.json"
    changed.write_text("changed")
    before = kept.stat().st_ino
    page_assets.fill(folder, cache=cache)
    assert changed.read_text() == "content of swagger-ui.css"
    assert kept.stat().st_ino == before


def test_without_the_jar_the_reference_is_there(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_arguments: object) -> list[Path]:
        raise JarsUnavailableError("no network")

    monkeypatch.setattr(page_assets, "class_path", unavailable)
    with pytest.raises(JarsUnavailableError):
        page_assets.fill(tmp_path / "assets", cache=cache)
    assert files(tmp_path / "assets") == {"openapi.json"}
