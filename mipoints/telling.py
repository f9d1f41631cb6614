"""How the tour is told: requests, answers and balances, readable on 80 columns."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDTH = 80


class Teller:
    """Prints the story; a quick one leaves requests and answers out."""

    def __init__(self, *, quick: bool) -> None:
        console = Console(highlight=False)
        self._console = console if console.is_terminal else Console(highlight=False, width=_WIDTH)
        self._quick = quick
        self._shown: set[str] = set()

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self._console.print(f"\n[bold]{escape(title)}[/]")

    def story(self, sentence: str) -> None:
        """What happens outside."""
        self._console.print(f"  {escape(sentence)}")

    def request(self, name: str, document: str, variables: Mapping[str, Any]) -> None:
        """A mutation: its document the first time, its input every time."""
        if self._quick:
            return
        if name not in self._shown:
            self._shown.add(name)
            self._console.print(escape(_indented(document)), style="dim")
        self._console.print(f"  → {name} {escape(_compact(variables['input']))}", style="cyan")

    def webhook(self, type_: str, body: bytes) -> None:
        """A shipper's event."""
        if not self._quick:
            data = _compact(json.loads(body)["data"])
            self._console.print(f"  → POST /webhooks/native {type_} {escape(data)}", style="cyan")

    def answer(self, answer: object) -> None:
        """What the server said."""
        if not self._quick:
            self._console.print(f"  ← {escape(_compact(answer))}", style="green")

    def clock(self, duration: str, moment: datetime) -> None:
        """The sandbox's clock was moved."""
        self._console.print(f"  $ mipoints clock advance {duration}   (now {moment:%Y-%m-%d %H:%M:%S} UTC)")

    def balance(self, balance: Mapping[str, int]) -> None:
        """The member's balance now."""
        self._console.print(f"  = {balance['available']} available, {balance['pending']} pending", style="bold")

    def history(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """The whole history, newest first."""
        table = Table("when", "what", "points", "balance", box=None, padding=(0, 2, 0, 2))
        table.columns[2].justify = table.columns[3].justify = "right"
        for line in lines:
            points, after = f"{line['points']:+d}", str(line["balanceAfter"])
            table.add_row(line["occurredAt"][:10], escape(line["description"]), points, after)
        self._console.print(table)

    def end(self, mi_id: str, lines: int, available: int) -> None:
        """The summary."""
        self._console.print(
            f"\n[bold green]Everything was as expected.[/] {escape(mi_id)} has {available} points after {lines} lines "
            "of history; `mipoints audit` checks the books behind them."
        )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
