"""The measurements of one turn of a contender, and the medians of its turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn: how many requests (or promises, or deliveries) in how many seconds, and the CPU they cost.

    `cpu` has CPU seconds by part: `server`, `worker`, `redis`, `postgres`. `extra` has other figures by name.
    """

    done: int
    seconds: float
    cpu: Mapping[str, float] = field(default_factory=dict)
    took: Sequence[float] = ()
    extra: Mapping[str, float] = field(default_factory=dict)

    def as_figures(self) -> dict[str, float]:
        """Milliseconds of CPU each by part and in all, how many a second, p50 and p99 in milliseconds."""
        parts = {f"{part} ms": 1000 * spent / self.done for part, spent in self.cpu.items()} if self.done else {}
        figures = parts | ({"cpu ms": sum(parts.values())} if parts else {})
        if self.seconds:
            figures["a second"] = self.done / self.seconds
        if self.took:
            figures |= {"p50 ms": 1000 * part_of(self.took, 0.5), "p99 ms": 1000 * part_of(self.took, 0.99)}
        return figures | dict(self.extra)


def part_of(values: Sequence[float], part: float) -> float:
    """A quantile: the value that this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def medians(turns: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each figure the median over the turns."""
    return {name: median(turn[name] for turn in turns if name in turn) for name in (turns[0] if turns else {})}


def median_ratio(turns: Sequence[Mapping[str, float]], others: Sequence[Mapping[str, float]], name: str) -> float:
    """The median of the rounds' ratios of a figure, the others' to ours."""
    return median(other[name] / turn[name] for turn, other in zip(turns, others, strict=True))
