"""The id of a request, which its answer, its errors and our log carry."""

import re
import secrets

from starlette.types import Scope

_GIVEN = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")
_TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_NO_TRACE = b"0" * 32


def request_id_of(scope: Scope, *, is_behind_proxy: bool) -> str:
    """The `X-Request-ID` of our proxy, else the trace id of a `traceparent` (W3C Trace Context), else 32 random digits.

    Anyone can send X-Request-ID, so it is taken over only behind a proxy of ours, which replaces or appends it. Values
    of other characters are ignored, so an id is safe in a log.
    """
    given, trace = None, None
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value
        elif name == b"traceparent":
            trace = value
    if given is not None and is_behind_proxy and _GIVEN.fullmatch(given):
        return str(given, "ascii")
    return (_trace_id(trace) if trace is not None else None) or secrets.token_hex(16)


def _trace_id(traceparent: bytes) -> str | None:
    """The trace id; None if the header is invalid. Version ff is, and later versions may add parts (§4)."""
    found = _TRACE.fullmatch(traceparent)
    if (
        found is None
        or found[1] == _NO_TRACE
        or traceparent.startswith(b"ff")
        or (found[2] and traceparent[:2] == b"00")
    ):
        return None
    return str(found[1], "ascii")
