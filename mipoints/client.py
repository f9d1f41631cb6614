"""A client of a running server. It sends GraphQL and webhooks over HTTP, as the app, a storefront and a shipper do."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from mipoints.polling import until
from mipoints.problems import MISTYPED, UserError

READY_SECONDS = 60.0


class Unexpected(UserError):
    """An answer differs from what the tour expects; the sentence names both values."""


@dataclass(frozen=True, slots=True)
class Api:
    """One server at one address."""

    http: httpx.AsyncClient
    url: str

    async def execute(self, document: str, variables: Mapping[str, Any], token: str | None = None) -> Any:
        """Sends a document that has one root field, and returns that field's value. Raises Unexpected if the answer has
        errors, and Problem if there is no answer."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": document, "variables": dict(variables)}
        response = await post(self.http, f"{self.url}/graphql", json=body, headers=headers)
        try:
            answer = response.json()
        except ValueError as error:
            raise Unexpected(f"{self.url}/graphql answered {response.status_code}, which is no GraphQL.") from error
        if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
            errors = answer.get("errors") if isinstance(answer, dict) else answer
            raise Unexpected(f"{self.url}/graphql answered with errors: {errors}")
        return next(iter(answer["data"].values()))

    async def deliver(self, producer: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """Sends a webhook's headers and body unchanged, byte for byte, and returns the response."""
        return await post(self.http, f"{self.url}/webhooks/{producer}", content=body, headers=dict(headers))


async def post(http: httpx.AsyncClient, url: str, **options: Any) -> httpx.Response:
    """Sends one POST request and returns the response. Raises Problem if there is no answer."""
    try:
        return await http.post(url, **options)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise UserError(f"{url} is no address of a server: {error}", MISTYPED) from error
    except httpx.TransportError as error:
        raise UserError(f"Nobody answers at {url}: is the server running? ({type(error).__name__})") from error


def new_http() -> httpx.AsyncClient:
    """Returns a client that waits ten seconds for each answer. It ignores the environment's proxies, because the server
    is our own."""
    return httpx.AsyncClient(timeout=10, trust_env=False)


async def until_ready(api: Api, seconds: float = READY_SECONDS) -> None:
    """Returns when /readyz answers with success. Raises Problem if that takes longer than `seconds`."""
    try:
        await until(lambda: _is_ready(api), seconds)
    except TimeoutError as error:
        raise UserError(f"The API at {api.url} was not ready within {seconds:.0f} s.") from error


async def _is_ready(api: Api) -> bool:
    with suppress(httpx.TransportError):
        return (await api.http.get(f"{api.url}/readyz")).is_success
    return False
