"""Keys for the vault: `python -m plaudit.common.vault.cli new-key` prints one, `make` puts one into the key file.

`make` is for a first start. It makes the file that `PLAUDIT_VAULT_KEY_FILE` names, for its owner alone, and changes
none that is there: what was encrypted with a lost key is lost.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from plaudit.common.vault.key_ring import new_key, new_key_id


def make_key_file(file: Path, key: str) -> bool:
    """Make a file with a key, mode 0600; return whether there was none. A file that is there stays as it is."""
    if file.exists():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(f"{key}\n")
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(part, file)  # unlike a rename, it replaces no file that another process has made meanwhile
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands; return the exit code."""
    key = new_key(new_key_id(datetime.now(UTC).date()))
    if list(arguments) == ["new-key"]:
        sys.stdout.write(f"{key}\n")
        return 0
    if list(arguments) != ["make"]:
        sys.stderr.write("usage: python -m plaudit.common.vault.cli new-key | make\n")
        return 2
    file = os.environ.get("PLAUDIT_VAULT_KEY_FILE", "")
    if os.environ.get("PLAUDIT_VAULT_KEYS"):
        return 0  # the keys are given, and no file is read
    if not file:
        sys.stderr.write("PLAUDIT_VAULT_KEY_FILE names the file to make; it is not set\n")
        return 2
    if make_key_file(Path(file), key):
        sys.stdout.write(f"a key for the vault is in {file}; back it up apart from the database\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
