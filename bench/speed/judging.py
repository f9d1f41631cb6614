"""Medians, and ratios within the same rounds compared with the goals of issue 11."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.speed.figures import median_ratio, medians
from bench.speed.world import LIMIT, MERCURIUS, OURS, USUAL

Turns = Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio to reach: the figure of `of` divided by that of `ours`."""

    sentence: str
    of: tuple[str, str]
    ours: tuple[str, str]
    figure: str
    at_least: float | None
    aim: float | None


CPU, RATE, P50 = "cpu ms", "a second", "p50 ms"
GOALS: Sequence[Goal] = (
    Goal("home, times cheaper than Mercurius + JIT", ("home", MERCURIUS), ("home", OURS), CPU, 1.0, 2.0),
    Goal("home, times cheaper than the usual Strawberry server", ("home", USUAL), ("home", OURS), CPU, 6, 12),
    Goal("home, against pgbench", ("home", LIMIT), ("home", OURS), CPU, None, None),
    Goal("Points Center, against Mercurius' home", ("home", MERCURIUS), ("center", OURS), CPU, 0.6, 1.0),
    Goal("redeem, times cheaper than Mercurius + one function", ("redeem", MERCURIUS), ("redeem", OURS), CPU, 0.8, 1.5),
    Goal("redeem, times cheaper than the usual Strawberry server", ("redeem", USUAL), ("redeem", OURS), CPU, 3, 6),
    Goal("redeem, against pgbench", ("redeem", LIMIT), ("redeem", OURS), CPU, None, None),
    Goal("fuel, against pgbench's three rows", ("fuel", LIMIT), ("fuel", OURS), CPU, 0.2, 0.4),
    Goal("webhook stored, against insert-one", ("webhook", USUAL), ("webhook", OURS), CPU, 1.0, 1.5),
    Goal("webhook stored, against pgbench", ("webhook", LIMIT), ("webhook", OURS), CPU, None, None),
    Goal("promises a second, against arq by default", ("credit", OURS), ("credit", "arq"), RATE, 40, 100),
    Goal("promises a second, against arq tuned", ("credit", OURS), ("credit", "arq, tuned"), RATE, 8, 20),
    Goal("CPU a promise, times cheaper than arq by default", ("credit", "arq"), ("credit", OURS), CPU, None, None),
    Goal("CPU a promise, times cheaper than arq tuned", ("credit", "arq, tuned"), ("credit", OURS), CPU, None, None),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal and the ratio that was measured."""

    goal: Goal
    ratio: float


def judged(turns: Turns) -> list[Judged]:
    """The goals whose two sides were measured in this run."""
    found = []
    for goal in GOALS:
        theirs, ours = (turns.get(row, {}).get(name, ()) for row, name in (goal.of, goal.ours))
        if theirs and ours:
            found.append(Judged(goal, median_ratio(ours, theirs, goal.figure)))
    return found


def flat(turns: Turns) -> list[tuple[str, float]]:
    """The growth of p50 and CPU in each row that compares sizes: its last contender against its first."""
    found = []
    for row in ("growth", "pages"):
        if row in turns:
            first, *_, last = turns[row].items()
            for what, figure in (("p50", P50), ("CPU", CPU)):
                found.append((f"{what}, {last[0]} against {first[0]}", median_ratio(first[1], last[1], figure)))
    return found


def middle(turns: Turns) -> dict[str, dict[str, dict[str, float]]]:
    """Medians by row and contender."""
    return {row: {name: medians(each) for name, each in contenders.items()} for row, contenders in turns.items()}
