"""Where files are on this machine: one folder, `.local`, holds all data, logs and secrets of a checkout."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[4]


class Layout:
    """The files of one running product."""

    def __init__(self, folder: Path) -> None:
        """Make nothing yet."""
        self.folder = folder
        self.endpoints = folder / "endpoints.json"
        """Addresses and the development key of the running product (mode 0600)."""
        self.supervisor_lock = folder / "supervisor.lock"
        """Locked by the running supervisor; holds its process id."""
        self.processes_lock = folder / "processes.lock"
        """Locked as long as any process of the product lives."""
        self.postgres = folder / "postgres"
        """The database cluster; it is elsewhere when other users cannot reach root's checkout (`postgres_place`)."""
        self.postgres_place = folder / "postgres.elsewhere"
        """A file that says where the database cluster is, when it is not in `postgres`."""
        self.kafka = folder / "kafka"
        """The broker's data."""
        self.caddy = folder / "caddy"
        """What the front door stores."""
        self.page_assets = folder / "page-assets"
        """Libraries for browsers, and the API reference of all services."""
        self.mailbox = folder / "mailbox"
        """One .eml file for each mail."""
        self.development_key = folder / "development-key.json"
        """The API key of this installation, with the identity of the database it is in (mode 0600)."""
        self.vault_keys = folder / "vault-keys"
        """The keys that secrets and addresses in the database are encrypted with (mode 0600)."""
        self.demo_played = folder / "demo-played"
        """The identity of the database that the demo story has been played into."""

    @classmethod
    def of_checkout(cls) -> "Layout":
        """Return the layout of `.local` in the checkout, or of the folder that PLAUDIT_LOCAL names."""
        return cls(Path(os.environ.get("PLAUDIT_LOCAL") or CHECKOUT / ".local").absolute())

    def log(self, name: str) -> Path:
        """The log file of one process."""
        return self.folder / "logs" / f"{name.lower()}.log"

    def make(self) -> None:
        """Make the folders.

        Raises:
            PermissionError: they belong to somebody else; the text says what to do.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.log("any").parent.mkdir(exist_ok=True)
            self.log("any").parent.chmod(0o700)  # logs name people's reviews
        except PermissionError:
            raise PermissionError(
                f"{self.folder} belongs to another user of this machine: run make as that user, or remove the folder"
            ) from None


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one when there is no file or it is damaged."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
