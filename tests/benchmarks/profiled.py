"""Run a module under a sampling profiler: `python -m benchmarks.profiled OUTPUT MODULE [ARGUMENT…]`.

A timer of processor time (1 ms) interrupts the program, and the stack is noted. Python takes the signal between two
of its own steps, so the time of a C function counts for the line that called it. Costs a few per cent.
"""

import atexit
import runpy
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL_SECONDS = 0.001
ROWS = 30
IMPORTING = "<frozen importlib"
"""Time spent on starting is left out."""


class Sampler:
    """Counts functions: where the program is, and what led there."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._self: Counter[str] = Counter()
        self._total: Counter[str] = Counter()
        self._samples = 0

    def start(self) -> None:
        """Begin; the result is written when the program ends."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
        atexit.register(self.stop)

    def stop(self) -> None:
        """End, and write the result."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = [f"{self._samples} samples", "share of time in the line itself:"]
        lines += self._rows(self._self)
        lines += ["share of time in the function and what it calls:"]
        lines += self._rows(self._total)
        self._output.write_text("\n".join(lines) + "\n")

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        stack = []
        step = frame
        while step is not None:
            if step.f_code.co_filename.startswith(IMPORTING):
                return
            stack.append(_name(step))
            step = step.f_back
        if frame is None:
            return
        self._samples += 1
        self._self[f"{stack[0]}:{frame.f_lineno}"] += 1
        self._total.update(set(stack))

    def _rows(self, counted: Counter[str]) -> list[str]:
        return [f"{count / max(self._samples, 1):7.1%}  {name}" for name, count in counted.most_common(ROWS)]


def _name(frame: FrameType) -> str:
    code = frame.f_code
    return f"{'/'.join(Path(code.co_filename).parts[-2:])} {code.co_qualname}"


def main() -> None:
    """Start the sampler, then become the module."""
    _, output, module, *arguments = sys.argv
    Sampler(Path(output)).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
