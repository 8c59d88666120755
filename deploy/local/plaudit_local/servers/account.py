"""The unprivileged user that PostgreSQL runs as when we are root, and folders that this user can reach."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

USER = "plaudit"
FALLBACK_USER = "nobody"
OUTSIDE = Path("/var/tmp")  # noqa: S108
DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Account:
    """A user of this machine that a program runs as."""

    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Return the account for servers that refuse to run as root; None when we are not root.

    Makes the system user `plaudit` the first time; where it cannot make users, the account is `nobody`.
    """
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return _account(USER)
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is not None:
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", USER],
            check=False,
            capture_output=True,
        )
    with contextlib.suppress(KeyError):
        return _account(USER)
    return _account(FALLBACK_USER)


def _account(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid)


def can_reach(account: Account | None, path: Path) -> bool:
    """Whether the account may pass through every folder above `path` and look at `path` itself."""
    if account is None:
        return True
    return all(_may_pass(account, folder) for folder in path.resolve().parents)


def _may_pass(account: Account, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def reachable(account: Account | None, wanted: Path) -> Path:
    """Return `wanted`, or a folder to use instead when the account cannot reach it.

    The other folder is derived from the path, so that the next start finds it again. The permissions of the folders
    above `wanted` are never changed.
    """
    return wanted if can_reach(account, wanted) else outside_folder(str(wanted.resolve())) / wanted.name


def outside_folder(purpose: str) -> Path:
    """Make a folder that every account can reach; return the same one for the same purpose.

    Raises:
        PermissionError: somebody else has made it.
    """
    outside = OUTSIDE / f"plaudit-{sha256(purpose.encode()).hexdigest()[:DIGEST_LENGTH]}"
    outside.mkdir(mode=0o711, exist_ok=True)
    status = outside.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise PermissionError(f"{outside} belongs to somebody else: remove it, then start again")
    outside.chmod(0o711)  # whatever the umask
    return outside


def make_folder(path: Path, account: Account | None) -> None:
    """Make `path`, private to the account (or to us)."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
