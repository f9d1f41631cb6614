"""Prints the tour: requests, answers and balances. JSON stays on one line, so that it can be copied."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from mipoints.console import output


class TourPrinter:
    """Prints the story; if `quick`, without requests and answers."""

    def __init__(self, *, quick: bool) -> None:
        self._console = output()
        self._quick = quick
        self._shown: set[str] = set()

    def chapter(self, title: str) -> None:
        """Prints the title of a new part of the story."""
        self._console.print(f"\n[bold]{escape(title)}[/]")

    def story(self, sentence: str) -> None:
        """Prints an event that happens outside the server."""
        self._console.print(f"  {escape(sentence)}")

    def request(self, name: str, caller: str, document: str, variables: Mapping[str, Any]) -> None:
        """Prints a request: its caller and variables, and its document the first time."""
        if not self._quick:
            self._document(name, document)
            self._line(f"→ {name}, as {caller} {_compact(variables)}", "cyan")

    def webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        """Prints a shipper's event as it is sent."""
        if not self._quick:
            self._line(f"→ POST /webhooks/native, webhook-id {headers['webhook-id']} {body.decode()}", "cyan")

    def answer(self, answer: object) -> None:
        """Prints the server's answer."""
        if not self._quick:
            self._line(f"← {_compact(answer)}", "green")

    def _document(self, name: str, document: str) -> None:
        """Prints a request's document, unless it was printed before."""
        if not self._quick and name not in self._shown:
            self._shown.add(name)
            self._console.print(escape(_indented(document)), style="dim", soft_wrap=True)

    def _line(self, text: str, style: str) -> None:
        """Prints one line without wrapping it, because broken JSON cannot be copied."""
        self._console.print(f"  {escape(text)}", style=style, soft_wrap=True)

    def clock(self, duration: str, moment: datetime) -> None:
        """Prints the command that moved the sandbox's clock."""
        self._console.print(f"  $ mipoints clock advance {duration}   (now {moment:%Y-%m-%d %H:%M:%S} UTC)")

    def balance(self, document: str, balance: Mapping[str, int]) -> None:
        """Prints the member's balance, and the document that reads it the first time."""
        self._document("balance", document)
        self._console.print(f"  = {balance['available']} available, {balance['pending']} pending", style="bold")

    def history(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Prints the whole history, newest first."""
        table = Table("when", "what", "points", "balance", box=None, padding=(0, 2, 0, 2))
        table.columns[2].justify = table.columns[3].justify = "right"
        for line in lines:
            points, after = f"{line['points']:+d}", str(line["balanceAfter"])
            table.add_row(line["occurredAt"][:10], escape(line["description"]), points, after)
        self._console.print(table)

    def end(self, mi_id: str, lines: int, available: int) -> None:
        """Prints the summary."""
        self._console.print(
            f"\n[bold green]Everything was as expected.[/] {escape(mi_id)} has {available} points after {lines} lines "
            "of history; `mipoints audit` checks the books behind them."
        )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
