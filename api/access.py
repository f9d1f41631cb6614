"""The caller of a request, and access checks that a field's permission (api/permissions.py) cannot make."""

import time

from starlette.requests import Request

from api.problems import Forbidden, Unauthenticated
from loyalty.callers import Caller
from loyalty.tokens import Verifier

READERS = ("storefront", "operator", "auditor")
"""The scopes that may read any member and order. An auditor reads all that an operator reads."""

_LONGEST_STREAM_SECONDS = 24 * 3600.0


async def caller_of(request: Request, verifier: Verifier) -> Caller:
    """The caller, by the bearer token of a request. `problem` gives the reason why a token was rejected."""
    return await caller_by(request.headers.get("authorization", ""), verifier)


async def caller_by(authorization: str, verifier: Verifier) -> Caller:
    """The caller, by the text of an Authorization header. An empty text is an unauthenticated client."""
    scheme, _, token = authorization.strip().partition(" ")
    if not scheme:
        return await verifier.verify(None)
    if scheme.lower() != "bearer" or not token.strip():
        return Caller(problem="The Authorization header is not `Bearer` and a token.")
    return await verifier.verify(token.strip())


def lasts_until(caller: Caller) -> float:
    """When a stream that a caller opens now must end: when its token expires, a day from now at the latest.

    In seconds of the host's clock.
    """
    latest = time.time() + _LONGEST_STREAM_SECONDS
    return latest if caller.expires_at is None else min(caller.expires_at, latest)


def known_caller(caller: Caller) -> Caller:
    """The caller, if its token was verified. Raises Unauthenticated with the problem of the token."""
    if caller.name is None:
        raise Unauthenticated(caller.problem or "Send a bearer token: `Authorization: Bearer …`.")
    return caller


def service_only(caller: Caller, *scopes: str) -> Caller:
    """The caller, if it is a service with one of these scopes. Raises Unauthenticated, or Forbidden."""
    if not known_caller(caller).has(*scopes):
        raise Forbidden(f"This is for tokens with the scope {' or '.join(scopes)}.")
    return caller
