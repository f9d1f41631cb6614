"""Rich consoles: what a person reads on a terminal, and plain lines everywhere else."""

from rich.console import Console

_WIDTH = 80


def output() -> Console:
    """Standard output; where it is no terminal lines stay whole, so that programs can read them."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=_WIDTH)


def errors() -> Console:
    """Standard error, for progress."""
    return Console(stderr=True, highlight=False)
