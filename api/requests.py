"""Reading GraphQL requests: a JSON body, a query string, or a batch of up to five requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from api.bodies import (
    BodyNotRead,
    BodyTooLarge,
    NotJson,
    TooManyValues,
    has_unkeepable_text,
    is_wider,
    read_body,
    read_json,
)
from api.documents import UNKEEPABLE
from api.errors import BAD_USER_INPUT, LIMITED
from api.negotiation import JSON, could_be_forged, is_json

BY_ADDRESS = ("GET", "HEAD")
"""Methods whose request is in the address. The server sends no body to a HEAD."""
REQUESTS_AT_ONCE = 5
MOST_VALUES = 12_000
"""The most values of one body or message as JSON; the largest mutation has some 3,000."""
_PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")
_LONGEST_ID = 200
_MOST_MEMBERS = 200  # no input has as many; the library would compare each unknown one with all known ones


class Refused(Exception):
    """A request from which no operation can be read; `status` is the HTTP status."""

    code = BAD_USER_INPUT
    size = 0
    """The bytes that were read of it."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        self.status, self.headers = status, headers
        super().__init__(sentence)


class TooMuchSent(Refused):
    """A request that is over a limit."""

    code = LIMITED


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """One operation as a client sent it: a document, its id or both; the operation's name; variables.

    The id is `documentId` (urql, Relay, GraphQL over HTTP) or the hash of `extensions.persistedQuery` (Apollo). `size`
    is the number of bytes that were read for it.
    """

    query: str | None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    document_id: str | None = None
    is_get: bool = False
    size: int = 0


Batch = list[OperationRequest | Refused]
"""Requests that were sent as one array, each with its own answer."""


async def read_request(request: Request, limit: int) -> OperationRequest | Batch:
    """The request or batch. Raises Refused if there is none; entries of a batch are refused one by one."""
    if request.method in BY_ADDRESS:
        return request_in_query_string(request)
    if request.method != "POST":
        raise Refused(405, "Send a POST with a JSON body, or a GET with a query.", allow="GET, HEAD, POST")
    if not is_json(request.headers.get("content-type")):
        raise Refused(415, f"Send the body as {JSON}, in UTF-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "Send the body as it is, not packed.", **{"accept-encoding": "identity"})
    body = await _body(request, limit)
    try:
        return _request_in(body)
    except Refused as refused:
        refused.size = len(body)
        raise


async def _body(request: Request, limit: int) -> bytes:
    """The body. Raises Refused."""
    try:
        return await read_body(request, limit)
    except BodyTooLarge:
        raise TooMuchSent(413, f"The body is over the limit of {limit} bytes.") from None
    except BodyNotRead:
        raise Refused(408, "The body did not arrive in time.") from None


def _request_in(body: bytes) -> OperationRequest | Batch:
    value = _json_in(body)
    return batch_of(value, len(body)) if isinstance(value, list) else operation_request(value, len(body))


def _json_in(body: bytes) -> Any:
    try:
        return read_json(body, MOST_VALUES)
    except TooManyValues as error:
        raise TooMuchSent(400, str(error)) from None
    except NotJson as error:
        raise Refused(400, str(error)) from None


def batch_of(bodies: list[object], size: int) -> Batch:
    """The requests of an array of `size` bytes. Raises Refused for an empty one, and TooMuchSent for more than five."""
    if not 0 < len(bodies) <= REQUESTS_AT_ONCE:
        kind = TooMuchSent if bodies else Refused
        raise kind(400, f"A batch has 1 to {REQUESTS_AT_ONCE} requests; this one has {len(bodies)}.")
    return [_request_or_refused(each, size // len(bodies)) for each in bodies]


def _request_or_refused(body: object, size: int) -> OperationRequest | Refused:
    try:
        return operation_request(body, size)
    except Refused as refused:
        refused.size = size
        return refused


def request_in_query_string(request: Request) -> OperationRequest:
    """The request in a query string. Raises Refused, also if a page of another site could have sent it."""
    if could_be_forged(request.headers):
        sentence = "Send a header such as `apollo-require-preflight: true`, so that no page can forge this GET."
        raise Refused(400, sentence)
    given: dict[str, Any] = {name: _once(request, name) for name in _PARAMETERS}
    for name in ("variables", "extensions"):
        if given[name] is not None:
            given[name] = _json_of(name, given[name])
    size = len(request.url.query)
    return operation_request({name: value for name, value in given.items() if value != ""}, size, is_get=True)


def _once(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise Refused(400, f"`{name}` is given more than once.")
    return values[0] if values else None


def _json_of(name: str, text: str) -> Any:
    try:
        return read_json(text.encode("utf-8", "surrogatepass")) if text else None
    except NotJson:
        raise Refused(400, f"`{name}` is an object, as JSON.") from None


def operation_request(body: object, size: int, *, is_get: bool = False) -> OperationRequest:
    """The request in a JSON object of `size` bytes. Raises Refused; the message names the invalid part."""
    if not isinstance(body, dict):
        raise Refused(400, "A request is an object with `query`, and `variables` and `operationName` as needed.")
    query, document_id = _typed(body, "query", str, "a GraphQL document, as a text"), _id_in(body)
    request = OperationRequest(
        query=None if query == "" and document_id is not None else query,  # some libraries always send a `query`
        operation_name=_typed(body, "operationName", str, "a text") or None,
        variables=_typed(body, "variables", dict, "an object"),
        document_id=document_id,
        is_get=is_get,
        size=size,
    )
    _check(request)
    return request


def _typed(body: Mapping[str, Any], name: str, kind: type, words: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise Refused(400, f"`{name}` is {words}, or null.")
    return value


def _id_in(body: Mapping[str, Any]) -> str | None:
    """The document's id, wherever a client puts it. Raises Refused for two that differ, and for a long one."""
    plain = _typed(body, "documentId", str, "a text")
    ids = {plain and plain.removeprefix("sha256:"), _hash_in(_typed(body, "extensions", dict, "an object") or {})}
    ids.discard(None)
    if len(ids) > 1 or any(len(each) > _LONGEST_ID for each in ids):
        raise Refused(400, f"A document has one id, of at most {_LONGEST_ID} characters.")
    return next(iter(ids), None)


def _hash_in(extensions: Mapping[str, Any]) -> str | None:
    """The hash of Apollo's `{"persistedQuery": {"version": 1, "sha256Hash": …}}`, if there is one."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if (
        not isinstance(persisted, dict)
        or persisted.get("version") != 1
        or not isinstance(persisted.get("sha256Hash"), str)
    ):
        raise Refused(400, '`extensions.persistedQuery` is {"version": 1, "sha256Hash": "…"}.')
    return str(persisted["sha256Hash"])


def _check(request: OperationRequest) -> None:
    """Raises Refused for a request without a document or id, for texts that Postgres cannot store, and for objects with
    more members than any input has.
    """
    if not (request.query or "").strip() and (request.query is not None or request.document_id is None):
        raise Refused(400, "`query` is a GraphQL document, as a text.")
    if has_unkeepable_text(request.query or ""):
        raise Refused(400, UNKEEPABLE)
    if not request.variables:
        return
    if has_unkeepable_text(request.variables):
        raise Refused(400, UNKEEPABLE)
    if is_wider(request.variables, _MOST_MEMBERS):
        raise TooMuchSent(400, f"An object in `variables` has at most {_MOST_MEMBERS} members.")
