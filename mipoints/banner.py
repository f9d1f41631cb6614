"""The text that `mipoints dev` prints when everything runs: addresses, tokens, and a command to try."""

import shlex

from rich.console import Console

from api.graphiql import LUCIA
from loyalty.settings import Settings
from loyalty.tokens import issue
from mipoints.console import output

_WEEK = 7 * 24 * 3600


def banner(url: str, settings: Settings) -> str:
    """Returns the addresses, the tokens and a curl command that works. Each token has its own line, for copying."""
    console = output()
    with console.capture() as captured:
        console.rule("[bold]Mi Points is running[/]")
        _addresses(console, url, settings.metrics_port)
        lucia = _tokens(console, settings)
        console.print("\nTry it")
        console.print(curl_line(url, lucia), soft_wrap=True, markup=False)
        _next_steps(console)
        console.rule()
    return captured.get().rstrip("\n")


def _addresses(console: Console, url: str, metrics_port: int | None) -> None:
    metrics = url if metrics_port is None else f"{url.rpartition(':')[0]}:{metrics_port}"
    console.print(f"GraphiQL   [bold]{url}/graphql[/]")
    console.print(f"Webhooks   {url}/webhooks/native")
    console.print(f"Health     {url}/readyz   {metrics}/metrics")


def _tokens(console: Console, settings: Settings) -> str:
    """Prints the tokens and returns the member's token."""
    tokens = {
        f"the member {LUCIA}": issue(settings, member=LUCIA, market="ES", seconds=_WEEK),
        "the storefront": issue(settings, scope="storefront", name="storefront", seconds=_WEEK),
        "an operator": issue(settings, scope="operator", name="operator", seconds=_WEEK),
    }
    console.print("\nTokens, valid for a week (`Authorization: Bearer …`)")
    for holder, token in tokens.items():
        console.print(f"  [bold]{holder}[/]")
        console.print(token, soft_wrap=True)
    return next(iter(tokens.values()))


def _next_steps(console: Console) -> None:
    console.print("\nIn a second terminal, in this directory (.venv/bin/mipoints …)")
    console.print("  mipoints tour                 the whole story, request by request")
    console.print("  mipoints clock advance 5m     the hold is over: points arrive")
    console.print("Ctrl-C stops everything; the data stays.")


def curl_line(url: str, token: str) -> str:
    """Returns a shell command, in one line, that reads the token's member from the server at `url`."""
    query = '{"query": "{ me { miId balance { available pending } nextReward { missing reward { name } } } }"}'
    parts = [
        f"{url}/graphql",
        "-H",
        "content-type: application/json",
        "-H",
        f"authorization: Bearer {token}",
        "-d",
        query,
    ]
    return "curl -s " + " ".join(shlex.quote(part) for part in parts)
