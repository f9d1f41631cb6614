"""Rich consoles: what a person reads on a terminal, and plain lines everywhere else."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

_WIDTH = 80


def output() -> Console:
    """Standard output; where it is no terminal lines stay whole, so that programs can read them."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=_WIDTH)


def errors() -> Console:
    """Standard error, for progress."""
    return Console(stderr=True, highlight=False)


def say(text: str, stream: TextIO | None = None) -> None:
    """Prints a line for whoever still reads. Where the pipe or the terminal is gone, this and all that follows is lost,
    and nothing else: who goes on working, or is about to stop, does."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output; where that is no terminal, wide enough that cells stay whole."""
    table = Table(*headers, box=box.SIMPLE_HEAD, header_style="bold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        unbound = console.options.update(max_width=10_000)
        console = Console(highlight=False, width=max(_WIDTH, Measurement.get(console, unbound, table).maximum))
    console.print(table)
