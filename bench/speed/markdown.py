"""The figures of a run as Markdown for docs/performance.md: `python -m bench.speed.markdown build/speed.json`."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.speed.rows import ROWS

FLAT = 1.1
PARTS = ("server ms", "worker ms", "redis ms", "postgres ms")


def lines(results: Mapping[str, Any]) -> Iterator[str]:
    """A table of medians, then one of ratios."""
    yield "| row | contender | CPU ms each | of which | a second | p50 ms | p99 ms |"
    yield "|---|---|---|---|---|---|---|"
    for row, contenders in results["medians"].items():
        for place, (name, figures) in enumerate(contenders.items()):
            if "cpu ms" in figures:
                yield _line(ROWS[row].title if place == 0 else "", name, figures)
    yield ""
    yield from _others(results["medians"])
    yield from _ratios(results)


def _line(title: str, name: str, figures: Mapping[str, float]) -> str:
    parts = " + ".join(f"{part.removesuffix(' ms')} {figures[part]:.3f}" for part in PARTS if part in figures)
    times = [f"{figures[each]:.1f}" if each in figures else "" for each in ("p50 ms", "p99 ms")]
    cells = (title, name, f"{figures['cpu ms']:.3f}", parts, f"{figures['a second']:,.0f}", *times)
    return f"| {' | '.join(cells)} |"


def _others(medians: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    """Cold start and memory, if they were measured."""
    for row in ("cold", "memory"):
        if row in medians:
            columns = list(next(iter(medians[row].values())))
            yield f"| {ROWS[row].title} | {' | '.join(columns)} |"
            yield "|---" * (1 + len(columns)) + "|"
            for name, figures in medians[row].items():
                yield f"| {name} | {' | '.join(f'{figures[each]:.2f}' for each in columns)} |"
            yield ""


def _ratios(results: Mapping[str, Any]) -> Iterator[str]:
    yield "| ratio, the median of the rounds' | measured | at least | aim |"
    yield "|---|---|---|---|"
    for sentence, ratio in results["ratios"].items():
        _, at_least, aim = results["goals"].get(sentence, (ratio, None, None))
        wanted = [f"{each:g}" if each is not None else "" for each in (at_least, aim)]
        if sentence.startswith("p50"):
            wanted[0] = f"≤ {FLAT:g}"
        yield f"| {sentence} | {ratio:.2f} | {' | '.join(wanted)} |"


if __name__ == "__main__":
    print("\n".join(lines(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
