"""Rich consoles: formatted text on a terminal, plain lines elsewhere."""

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
    """Returns a console on standard output. If that is no terminal, lines are not wrapped, so that programs can read
    them."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=_WIDTH)


def error_output() -> Console:
    """Returns a console on standard error, for progress."""
    return Console(stderr=True, highlight=False)


def say(text: str, stream: TextIO | None = None) -> None:
    """Prints a line. If the pipe or the terminal is gone, this line and all later lines are lost, but no error is
    raised: the caller must be able to continue its work or its shutdown."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def plain(text: str) -> str:
    """Escapes control characters: text from outside must not move the terminal's cursor."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table on standard output. If that is no terminal, the table is wide enough for its longest row."""
    table = Table(*headers, box=box.SIMPLE_HEAD, header_style="bold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        unbound = console.options.update(max_width=10_000)
        console = Console(highlight=False, width=max(_WIDTH, Measurement.get(console, unbound, table).maximum))
    console.print(table)
