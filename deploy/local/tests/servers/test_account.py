import os
import stat
from pathlib import Path

import pytest

from plaudit_local.servers import account
from plaudit_local.servers.account import Account, can_reach, make_folder, reachable, unprivileged_account
from plaudit_local.servers.postgres import prepare, run_sql
from plaudit_testing.servers import POSTGRES_SETTINGS, started, temporary_folder

STRANGER = Account(uid=54_321, gid=54_321)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account to run servers as")


@pytest.fixture
def closed_folder(tmp_path):
    """A folder that only its owner may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_only_root_needs_another_account():
    assert (unprivileged_account() is None) == (os.geteuid() != 0)


def test_a_folder_below_a_closed_one_cannot_be_reached_by_others(closed_folder):
    assert not can_reach(STRANGER, closed_folder / "data")
    assert can_reach(Account(os.geteuid(), os.getegid()), closed_folder / "data") or os.geteuid() == 0
    assert can_reach(None, closed_folder / "data")


def test_the_folder_instead_is_found_again_and_is_another_for_another_path(closed_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(account, "OUTSIDE", tmp_path)
    instead = reachable(STRANGER, closed_folder / "data")
    assert instead == reachable(STRANGER, closed_folder / "data")
    assert instead.parent.parent == tmp_path
    assert instead.parent != reachable(STRANGER, closed_folder / "other").parent


def test_a_folder_instead_that_somebody_else_made_is_refused(closed_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(account, "OUTSIDE", tmp_path)
    instead = reachable(STRANGER, closed_folder / "data").parent
    instead.rmdir()
    instead.symlink_to(closed_folder)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        reachable(STRANGER, closed_folder / "data")


@as_root
def test_a_folder_made_for_an_account_is_that_accounts_alone(tmp_path):
    make_folder(tmp_path / "data", STRANGER)
    status = (tmp_path / "data").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (STRANGER.uid, STRANGER.gid, 0o700)


@as_root
@pytest.mark.postgres
def test_root_runs_postgres_from_a_closed_checkout_without_opening_it(closed_folder, tmp_path, monkeypatch):
    with temporary_folder("plaudit-test-outside-") as outside:
        monkeypatch.setattr(account, "OUTSIDE", outside)
        server = prepare(closed_folder / "postgres", settings=POSTGRES_SETTINGS)
        with started(server):
            owner = Path(f"/proc/{server.process.pid}").stat().st_uid
            answer = run_sql(server.dsn, "SELECT 1").strip()
    assert answer == "1"
    assert owner == unprivileged_account().uid
    assert server.folder.is_relative_to(outside)
    assert stat.S_IMODE(closed_folder.stat().st_mode) == 0o700
