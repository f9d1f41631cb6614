"""Pictures of a run for docs/performance.md: `python -m bench.speed.plots build/speed.json docs/speed`.

Needs matplotlib, which `make bench-speed` installs from bench/speed/plots.lock. The same figures give the same bytes.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams |= {"svg.hashsalt": "mi-points", "svg.fonttype": "none", "font.size": 9}

from matplotlib import pyplot as plt  # noqa: E402 - it must know the backend and the salt
from matplotlib.axes import Axes  # noqa: E402

PARTS = {"server ms": "#3b6fb6", "worker ms": "#6aa84f", "redis ms": "#c95b4b", "postgres ms": "#b9c3cf"}
SHOWN = {
    "home": "Home",
    "redeem": "redeemPoints",
    "fuel": "earnPoints(fuel)",
    "webhook": "A signed webhook, stored",
    "credit": "A promise, credited",
}
WIDTH, BAR, HEAD = 7.0, 0.28, 0.75

Row = Mapping[str, Mapping[str, float]]


def draw_costs(medians: Mapping[str, Row], folder: Path) -> None:
    """CPU milliseconds of each contender, by part, a file a row."""
    for name, title in SHOWN.items():
        if name in medians:
            figure, axes = plt.subplots(figsize=(WIDTH, HEAD + BAR * len(medians[name])), layout="constrained")
            _draw_row(axes, medians[name], title)
            _save(figure, folder / f"{name}.svg")


def draw_ratios(goals: Mapping[str, tuple[float, float, float]], folder: Path) -> None:
    """Each ratio divided by the least that is required, and the aim likewise: from 1 on, the goal is reached."""
    names = list(goals)[::-1]
    figure, axes = plt.subplots(figsize=(WIDTH, HEAD + BAR * len(names)), layout="constrained")
    parts = [goals[name][0] / goals[name][1] for name in names]
    axes.barh(names, parts, color=["#6aa84f" if part >= 1 else "#c95b4b" for part in parts])
    axes.scatter([goals[name][2] / goals[name][1] for name in names], names, marker="|", color="black")
    axes.axvline(1, color="black", linewidth=0.8)
    figure.supxlabel("measured, divided by the least that is required; | is the aim", fontsize="medium")
    _save(figure, folder / "goals.svg")


def _draw_row(axes: Axes, row: Row, title: str) -> None:
    names = list(row)[::-1]
    left = [0.0] * len(names)
    for part, color in PARTS.items():
        if any(part in figures for figures in row.values()):
            values = [row[name].get(part, 0.0) for name in names]
            axes.barh(names, values, left=left, color=color, label=part.removesuffix(" ms"))
            left = [before + value for before, value in zip(left, values, strict=True)]
    for place, total in enumerate(left):
        axes.annotate(f" {total:.2f}", (total, place), va="center")
    axes.set_title(f"{title}: CPU milliseconds each", loc="left")
    axes.margins(x=0.12)
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(source: Path, folder: Path) -> None:
    """Draws the figures of a run's JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    results = json.loads(source.read_text("utf-8"))
    draw_costs(results["medians"], folder)
    if results["goals"]:
        draw_ratios(results["goals"], folder)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
