"""Who calls, and checks that raise where a field's declaration (api/permissions.py) cannot tell."""

import time

from starlette.requests import Request

from api.problems import Forbidden, Unauthenticated
from loyalty.callers import Caller
from loyalty.tokens import Verifier

READERS = ("storefront", "operator", "auditor")
"""The scopes that may read any member and order; an auditor reads all that an operator reads."""


_LONGEST_STREAM_SECONDS = 24 * 3600.0


async def caller_of(request: Request, verifier: Verifier) -> Caller:
    """Who calls, by the bearer token of a request; its `problem` says why a token is not believed."""
    return await caller_by(request.headers.get("authorization", ""), verifier)


async def caller_by(authorization: str, verifier: Verifier) -> Caller:
    """The same by the words that the Authorization header would hold."""
    scheme, _, token = authorization.strip().partition(" ")
    if not scheme:
        return await verifier.verify(None)
    if scheme.lower() != "bearer" or not token.strip():
        return Caller(problem="The Authorization header is not `Bearer` and a token.")
    return await verifier.verify(token.strip())


def lasts_until(caller: Caller) -> float:
    """When a stream that a caller opens now ends, in seconds of the host's clock: with its token, or in a day."""
    latest = time.time() + _LONGEST_STREAM_SECONDS
    return latest if caller.expires_at is None else min(caller.expires_at, latest)


def known_caller(caller: Caller) -> Caller:
    """Somebody whose token is believed. Raises Unauthenticated, saying what is wrong with the token."""
    if caller.name is None:
        raise Unauthenticated(caller.problem or "Send a bearer token: `Authorization: Bearer …`.")
    return caller


def service_only(caller: Caller, *scopes: str) -> Caller:
    """A service with one of these scopes. Raises Unauthenticated, and Forbidden for all others."""
    if not known_caller(caller).has(*scopes):
        raise Forbidden(f"This is for tokens with the scope {' or '.join(scopes)}.")
    return caller
