"""Environments of peers that cannot share ours: each of its own lock under `requirements`, made when first needed."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".local" / "peers"


def python_of(name: str) -> str:
    """Return the interpreter of a peer's environment, which has what `requirements/peer-<name>.lock` says.

    Raises:
        subprocess.CalledProcessError: the package registry cannot be reached, or a hash does not fit.
    """
    lock = ROOT / "requirements" / f"peer-{name}.lock"
    folder, digest = FOLDER / name, hashlib.sha256(lock.read_bytes()).hexdigest()
    python, made = folder / "bin" / "python", folder / "made-of"
    if not made.exists() or made.read_text() != digest:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(lock)]
        subprocess.run(install, check=True)
        made.write_text(digest)
    return str(python)
