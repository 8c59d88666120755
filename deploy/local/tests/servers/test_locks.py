import os
import signal
import subprocess
import sys

import pytest

from plaudit_local.servers.locks import HeldByOtherError, acquire, holder, wait_released
from plaudit_testing.deadlines import DEADLINE_SECONDS

HOLD = """
import sys, time
from pathlib import Path
from plaudit_local.servers.locks import acquire
acquire(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def other_holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdout=subprocess.PIPE,
    )
    with process:
        process.stdout.readline()
        yield process
        process.kill()


def test_a_lock_names_its_holder_and_refuses_a_second(tmp_path, other_holder):
    with pytest.raises(HeldByOtherError) as refused:
        acquire(tmp_path / "lock")
    assert refused.value.pid == other_holder.pid == holder(tmp_path / "lock")


def test_a_killed_holder_leaves_a_file_that_locks_nothing(tmp_path, other_holder):
    other_holder.send_signal(signal.SIGKILL)
    assert wait_released(tmp_path / "lock", DEADLINE_SECONDS)
    assert (tmp_path / "lock").read_text().strip() == str(other_holder.pid)
    assert holder(tmp_path / "lock") is None
    descriptor = acquire(tmp_path / "lock")
    assert (tmp_path / "lock").read_text().strip() == str(os.getpid())
    assert holder(tmp_path / "lock") == os.getpid()
    os.close(descriptor)
    assert holder(tmp_path / "lock") is None


def test_a_lock_that_never_was_is_free(tmp_path):
    assert holder(tmp_path / "nothing") is None
