"""What a run is told on the command line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How to run."""

    profile: bool = False
    """Whether the process under test runs under the sampler; its figures are then a little too low."""
    scale: float = 1.0
    """Share of the stated workload; figures of another scale than 1 are for trying the programs."""

    def scaled(self, count: int) -> int:
        """A number of requests or events at this scale."""
        return max(1, round(count * self.scale))
