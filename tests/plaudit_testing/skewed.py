"""Processes whose clocks are wrong: every read of the time of day is off by some seconds, in Python and below it."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long skew(void) { const char *given = getenv("CLOCK_SKEW_SECONDS"); return given ? atol(given) : 0; }

int clock_gettime(clockid_t id, struct timespec *found) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, found);
    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) found->tv_sec += skew();
    return failed;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone) {
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    found->tv_sec = now.tv_sec;
    found->tv_usec = now.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *found) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (found) *found = now.tv_sec;
    return now.tv_sec;
}
"""


def skewing(folder: Path) -> Path:
    """Make what is loaded before a process to shift its clock; the test is skipped where no C compiler is."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: it makes what shifts the clock of a process")
    source, library = folder / "skewed.c", folder / "skewed.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def skewed_by(library: Path, seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is ahead by so many seconds."""
    return {"LD_PRELOAD": str(library), "CLOCK_SKEW_SECONDS": str(seconds)}
