"""A client of a running server: GraphQL and webhooks over HTTP, as an app, the storefront or a shipper would."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from mipoints.polling import until
from mipoints.problems import MISTYPED, Problem

READY_SECONDS = 60.0


class Unexpected(Problem):
    """An answer that is not what the story says; the sentence tells both."""


@dataclass(frozen=True, slots=True)
class Api:
    """One server, by its address."""

    http: httpx.AsyncClient
    url: str

    async def ask(self, document: str, variables: Mapping[str, Any], token: str | None = None) -> Any:
        """The value of a request's only root field. Raises Unexpected for errors, Problem when nobody answers."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": document, "variables": dict(variables)}
        answer = await post(self.http, f"{self.url}/graphql", json=body, headers=headers)
        try:
            told = answer.json()
        except ValueError as error:
            raise Unexpected(f"{self.url}/graphql answered {answer.status_code}, which is no GraphQL.") from error
        if not isinstance(told, dict) or told.get("errors") or not isinstance(told.get("data"), dict):
            errors = told.get("errors") if isinstance(told, dict) else told
            raise Unexpected(f"{self.url}/graphql answered with errors: {errors}")
        return next(iter(told["data"].values()))

    async def deliver(self, producer: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """A webhook, byte for byte."""
        return await post(self.http, f"{self.url}/webhooks/{producer}", content=body, headers=dict(headers))


async def post(http: httpx.AsyncClient, url: str, **options: Any) -> httpx.Response:
    """One request. Raises Problem when nobody answers."""
    try:
        return await http.post(url, **options)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Problem(f"{url} is no address of a server: {error}", MISTYPED) from error
    except httpx.TransportError as error:
        raise Problem(f"Nobody answers at {url}: is the server running? ({type(error).__name__})") from error


def new_http() -> httpx.AsyncClient:
    """Patient with one answer for ten seconds; proxies of the environment are not for a server of ours."""
    return httpx.AsyncClient(timeout=10, trust_env=False)


async def until_ready(api: Api, seconds: float = READY_SECONDS) -> None:
    """Returns when the server can take requests. Raises Problem when that takes too long."""
    try:
        await until(lambda: _is_ready(api), seconds)
    except TimeoutError as error:
        raise Problem(f"The API at {api.url} was not ready within {seconds:.0f} s.") from error


async def _is_ready(api: Api) -> bool:
    with suppress(httpx.TransportError):
        return (await api.http.get(f"{api.url}/readyz")).is_success
    return False
