"""The memory of a process."""

import platform
import subprocess
import sys

import pytest

PAGE_FAULTS = """
import resource
from plaudit.common.memory import tune_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        rows = [bytes([n % 256]) * 1_300 for n in range(4_000)]
        del rows
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
tune_memory()
faults()
print(given_back, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of glibc")
def test_the_memory_of_a_batch_is_kept_for_the_next_one() -> None:
    found = subprocess.run([sys.executable, "-c", PAGE_FAULTS], capture_output=True, text=True, check=True)
    given_back, kept = map(int, found.stdout.split())
    assert kept * 10 < given_back
