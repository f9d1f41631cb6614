"""Who may ask: the words before a field's colon in the contract, as checks that raise."""

import time

from starlette.requests import Request

from api.problems import BadUserInput, Forbidden, Unauthenticated
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


def member_only(caller: Caller) -> str:
    """The Mi account id of a member. Raises Unauthenticated, and Forbidden for a service."""
    known_caller(caller)
    if not caller.is_member or caller.name is None:
        raise Forbidden("This is for members: a token without scope, whose subject is a Mi account.")
    return caller.name


def service_only(caller: Caller, *scopes: str) -> Caller:
    """A service with one of these scopes. Raises Unauthenticated, and Forbidden for all others."""
    if not known_caller(caller).has(*scopes):
        raise Forbidden(f"This is for tokens with the scope {' or '.join(scopes)}.")
    return caller


def member_or_service(caller: Caller, *scopes: str) -> Caller:
    """A member, or a service with one of these scopes. Raises Unauthenticated and Forbidden."""
    if not known_caller(caller).is_member and not caller.has(*scopes):
        raise Forbidden(f"This is for members, and for tokens with the scope {' or '.join(scopes)}.")
    return caller


def own_or_named(caller: Caller, mi_id: str | None) -> str:
    """A member's own Mi account, or the one that a service names. Raises Forbidden, and BadUserInput for none."""
    if not caller.is_member:
        if mi_id is None:
            raise BadUserInput("Say whose: a service gives `miId`.")
        return mi_id
    own = member_only(caller)
    if mi_id not in {None, own}:
        raise Forbidden("A member asks for its own only: leave `miId` out.")
    return own
