"""`python -m bench.speed`: measures, prints the tables, writes the JSON."""

import asyncio
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench.speed import report
from bench.speed.loading import WrongAnswers
from bench.speed.options import QUICK, Options
from bench.speed.process import DidNotStart
from bench.speed.rows import ROWS
from bench.speed.running import run
from bench.speed.table import figures_tables, ratios_table

BUILD = Path("build") / "speed.json"


def main(
    rows: Annotated[str, typer.Option(help=f"Only these, with commas between: {', '.join(ROWS)}.")] = "",
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds that count; one more warms up.")] = None,
    members: Annotated[int | None, typer.Option(min=100, help="Members that are seeded.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long a turn of a row that reads is.")] = None,
    writes: Annotated[int | None, typer.Option(min=16, help="Requests of a turn that writes.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="For our processes, such as MIPOINTS_POOL_SIZE=20; may be repeated.")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Another checkout of this project (with its .venv) as a contender.")
    ] = None,
    redis: Annotated[bool, typer.Option("--redis", help="Our processes have a Redis, too.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer members, shorter turns: about three minutes.")] = False,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = BUILD,
) -> None:
    """Measure the cost of requests, compared with what a team would pick instead, on the same Postgres."""
    wanted = tuple(name.strip() for name in rows.split(",") if name.strip())
    if unknown := set(wanted) - set(ROWS):
        raise typer.BadParameter(f"There is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}.")
    sizes: dict[str, Any] = {"rounds": rounds, "members": members, "seconds": seconds, "writes": writes}
    options = replace(
        QUICK if quick else Options(),
        **{name: value for name, value in sizes.items() if value is not None},
        rows=wanted,
        settings=tuple(setting or ()),
        beside=beside.resolve() if beside else None,
        with_redis=redis,
    )
    _measure(options, out)


def _print_step(step: str) -> None:
    """Reports progress without a terminal."""
    print(f"{datetime.now(UTC):%H:%M:%S} {step}", file=sys.stderr, flush=True)


def _measure(options: Options, out: Path) -> None:
    """Runs in a temporary folder; exits with 1 if a contender did not start or gave wrong answers."""
    console, before = Console(), report.machine()
    with tempfile.TemporaryDirectory(prefix="mipoints-speed-") as folder, console.status("starting") as status:
        is_seen = console.is_terminal
        try:
            results = asyncio.run(run(options, Path(folder), status.update if is_seen else _print_step))
        except (WrongAnswers, DidNotStart) as problem:
            console.print(f"[red]{problem}[/]")
            sys.exit(1)
    report.write_report(out, options, results, before)
    console.print(*figures_tables(results.turns), ratios_table(results.turns), *results.notes, sep="\n")
    console.print(f"{results.seconds:.0f} s; every turn is in {out}.")


if __name__ == "__main__":
    typer.run(main)
