"""The figures for a person at a terminal."""

from collections.abc import Mapping

from rich.table import Table

from bench.speed.judging import CPU, Turns, flat, judged, middle
from bench.speed.rows import ROWS

_COLUMNS: Mapping[str, tuple[str, int]] = {
    CPU: ("CPU ms each", 3),
    "server ms": ("server", 3),
    "worker ms": ("worker", 3),
    "redis ms": ("Redis", 3),
    "postgres ms": ("Postgres", 3),
    "a second": ("a second", 0),
    "p50 ms": ("p50 ms", 2),
    "p99 ms": ("p99 ms", 2),
    "bytes": ("bytes", 0),
    "cpu s": ("CPU s", 2),
    "ready s": ("ready after s", 2),
    "rss MiB": ("RSS MiB", 1),
    "pss MiB": ("PSS MiB", 1),
}


def figures_tables(turns: Turns) -> list[Table]:
    """A table for each row, a line for each contender: the medians of its turns."""
    return [_table(ROWS[row].title, contenders) for row, contenders in middle(turns).items()]


def _table(title: str, contenders: Mapping[str, Mapping[str, float]]) -> Table:
    """Only with columns for which a contender has a figure."""
    names = [name for name in _COLUMNS if any(name in figures for figures in contenders.values())]
    table = Table("", title=title, title_justify="left")
    for name in names:
        table.add_column(_COLUMNS[name][0], justify="right")
    for contender, figures in contenders.items():
        table.add_row(contender, *(_number(figures, name) for name in names))
    return table


def ratios_table(turns: Turns) -> Table:
    """The ratios, each the median of its rounds, with what is required."""
    table = Table("ratio in the same run", "measured", "at least", "aim")
    for each in judged(turns):
        table.add_row(each.goal.sentence, f"{each.ratio:.2f}", _wanted(each.goal.at_least), _wanted(each.goal.aim))
    for sentence, ratio in flat(turns):
        table.add_row(sentence, f"{ratio:.2f}", "≤ 1.10", "")
    return table


def _number(figures: Mapping[str, float], name: str) -> str:
    return f"{figures[name]:,.{_COLUMNS[name][1]}f}" if name in figures else ""


def _wanted(value: float | None) -> str:
    return f"{value:g}" if value is not None else ""
