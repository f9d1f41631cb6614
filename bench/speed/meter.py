"""CPU seconds by part, read before and after a turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.speed.accounting import process_seconds, tree_seconds


@dataclass(frozen=True, slots=True)
class Meter:
    """Which processes belong to which part. Postgres is always one: all of it but the bench's own session."""

    postmaster: int
    own_backend: int
    parts: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def of(self, **parts: int) -> "Meter":
        """The same Postgres with these processes, such as `server=pid`."""
        return Meter(self.postmaster, self.own_backend, {name: (pid,) for name, pid in parts.items()})

    def read(self) -> dict[str, float]:
        """CPU seconds so far."""
        seconds_by_part = {name: sum(tree_seconds(pid) for pid in pids) for name, pids in self.parts.items()}
        return seconds_by_part | {"postgres": tree_seconds(self.postmaster) - process_seconds(self.own_backend)}

    def since(self, before: Mapping[str, float]) -> dict[str, float]:
        """CPU seconds since then."""
        return {name: seconds - before[name] for name, seconds in self.read().items()}
