"""One interleaved run: in each round every contender of every row has its turn, in a shuffled order."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter

from bench.speed.opening import open_world
from bench.speed.options import Options
from bench.speed.rows import ROWS, Row
from bench.speed.world import Turn, World

Figures = dict[str, float]


@dataclass(slots=True)
class Results:
    """Each row's contenders with the figures of their turns, in the rounds' order; and sentences for the reader."""

    turns: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, row: str, contender: str, figures: Figures) -> None:
        """One more turn."""
        self.turns[row][contender].append(figures)


async def run(options: Options, folder: Path, report: Callable[[str], None]) -> Results:
    """Runs all rows; calls `report` with each step. Raises WrongAnswers, DidNotStart."""
    began = perf_counter()
    async with AsyncExitStack() as stack:
        report(f"seeding {options.members:,} members")
        world = await open_world(options, folder, stack)
        results = await measured(world, report)
    results.seconds = perf_counter() - began
    return results


async def measured(world: World, report: Callable[[str], None]) -> Results:
    """The rows that the world's options name, or all."""
    results, wanted = Results(notes=world.notes), world.options.rows
    rows = [row for name, row in ROWS.items() if not wanted or name in wanted]
    await _measure([row for row in rows if not row.is_last], world.options.rounds, world, results, report)
    await _measure([row for row in rows if row.is_last], 1, world, results, report)
    return results


async def _measure(
    rows: Sequence[Row], rounds: int, world: World, results: Results, report: Callable[[str], None]
) -> None:
    """A round that warms all of them up, then those that count."""
    turns: list[tuple[str, str, Turn]] = []
    for row in rows:
        report(f"preparing {row.name}")
        opened = await row.open_row(world)
        results.turns[row.name] = {contender: [] for contender in opened}
        turns += [(row.name, contender, turn) for contender, turn in opened.items()]
    random = Random(world.options.seed)
    for number in range(0 if world.options.is_warmed else 1, rounds + 1):
        random.shuffle(turns)
        for name, contender, turn in turns:
            report(f"round {number} of {rounds}: {name}, {contender}" if number else f"warming {name}, {contender}")
            sample = await turn()
            if number:
                results.add(name, contender, sample.as_figures())
