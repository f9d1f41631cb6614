"""GraphQL over HTTP: one endpoint, both media types, and always a well-formed answer."""

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from graphql import GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.types.graphql import OperationType as AllowedOperation

from api.access import caller_of
from api.bodies import BodyNotRead, BodyTooLarge, NotJson, has_unkeepable_text, read_body, read_json
from api.context import Context, Wake
from api.documents import UNKEEPABLE, Documents, chosen_operation
from api.errors import BAD_USER_INPUT, FAULT, INTERNAL, Answer, error_answer, execution_errors, request_errors
from api.graphiql import graphiql_page
from api.metrics import Metrics
from api.schema import QuietSchema
from api.variables import are_of_variables, variable_errors
from loyalty.messages import language_of
from loyalty.programme import Programme
from loyalty.tokens import Verifier

log = logging.getLogger("mipoints.api")

_JSON = "application/json"
_GRAPHQL_JSON = "application/graphql-response+json"
_ALLOWED = {AllowedOperation.QUERY, AllowedOperation.MUTATION}


class Refused(Exception):
    """A request that never becomes an operation; `status` is HTTP's."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        self.status, self.headers = status, headers
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Told:
    """What a client sent: a document, the operation of it to run, and its variables."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The body of an answer, and what is counted of it. Without `data`, nothing was run."""

    body: Answer
    kind: str = "none"

    @property
    def outcome(self) -> str:
        """ok, or the first error's code."""
        errors = self.body.get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else "ok"


@dataclass(slots=True)
class GraphQLEndpoint:
    """`/graphql`: POST runs one operation; GET shows GraphiQL to browsers."""

    schema: QuietSchema
    programme: Programme
    verifier: Verifier
    wake: Wake
    metrics: Metrics
    body_limit: int
    documents: Documents = field(init=False)

    def __post_init__(self) -> None:
        self.documents = Documents(self.schema._schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        started, request_id = time.perf_counter(), uuid4().hex
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            response: Response = HTMLResponse(graphiql_page())
        else:
            response = await self._answer_always(request, request_id)
            self.metrics.seconds.labels("/graphql").observe(time.perf_counter() - started)
        response.headers["x-request-id"] = request_id
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def _answer_always(self, request: Request, request_id: str) -> Response:
        """The outermost wall: a fault around an operation is masked like one inside."""
        try:
            return await self._answer(request, request_id)
        except Exception:
            log.exception("%s: fault around an operation", request_id)
            self.metrics.graphql.labels("none", INTERNAL).inc()
            return _response({"errors": [error_answer(FAULT, INTERNAL, request_id)]}, 500, media_type(request))

    async def _answer(self, request: Request, request_id: str) -> Response:
        try:
            told = await self._told(request)
        except Refused as refused:
            self.metrics.graphql.labels("none", BAD_USER_INPUT).inc()
            answer = {"errors": [error_answer(str(refused), BAD_USER_INPUT, request_id)]}
            return _response(answer, refused.status, media_type(request), refused.headers)
        answered = await self.run(told, request, request_id)
        self.metrics.graphql.labels(answered.kind, answered.outcome).inc()
        media = media_type(request)
        status = 400 if media == _GRAPHQL_JSON and "data" not in answered.body else 200
        return _response(answered.body, status, media)

    async def _told(self, request: Request) -> Told:
        """Raises Refused."""
        if request.method != "POST":
            raise Refused(405, "Send a POST with a JSON body; browsers may GET this page.", allow="GET, POST")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:
            raise Refused(415, f"Send the body as {_JSON}.")
        try:
            return told_by(read_json(await read_body(request, self.body_limit)))
        except BodyTooLarge:
            sentence = f"The body is over the limit of {self.body_limit} bytes."
            raise Refused(413, sentence) from None
        except BodyNotRead:
            raise Refused(408, "The body did not arrive in time.") from None
        except NotJson as error:
            raise Refused(400, str(error)) from None

    async def run(self, told: Told, request: Request, request_id: str) -> Answered:
        """Runs one operation for whoever the request's token says is calling."""
        prepared = self.documents.prepare(told.query)
        if prepared.document is None or prepared.errors:
            return Answered({"errors": request_errors(prepared.errors, request_id)})
        operation = chosen_operation(prepared.document, told.operation_name)
        if isinstance(operation, GraphQLError):
            return Answered({"errors": request_errors([operation], request_id)})
        kind = operation.operation.value
        if operation.operation == OperationType.SUBSCRIPTION:
            error = GraphQLError("Subscriptions are not answered here.", operation)
            return Answered({"errors": request_errors([error], request_id)}, kind)
        context = Context(
            programme=self.programme,
            caller=await caller_of(request, self.verifier),
            language=language_of(request.headers.get("accept-language")),
            wake=self.wake,
            document=prepared.document,
            request_id=request_id,
        )
        return Answered(await self._execute(told, operation, context), kind)

    async def _execute(self, told: Told, operation: OperationDefinitionNode, context: Context) -> Answer:
        result = await self.schema.execute(
            told.query,
            variable_values=told.variables,
            context_value=context,
            operation_name=told.operation_name,
            allowed_operation_types=_ALLOWED,
        )
        if not result.errors:
            return {"data": result.data}
        if are_of_variables(result.errors):
            unread = variable_errors(self.schema._schema, operation, told.variables or {})
            return {"errors": request_errors(unread or result.errors, context.request_id)}
        errors = execution_errors(result.errors, context.request_id)
        was_run = result.data is not None or any(error.path for error in result.errors)
        return {"errors": errors, "data": result.data} if was_run else {"errors": errors}


def told_by(body: object) -> Told:
    """The request in a JSON body. Raises Refused, naming the part that is wrong."""
    if isinstance(body, list):
        raise Refused(400, "Send one request: batches are not answered yet.")
    if not isinstance(body, dict):
        raise Refused(400, "The body is an object with `query`, and `variables` and `operationName` as needed.")
    query, name = body.get("query"), body.get("operationName")
    variables, extensions = body.get("variables"), body.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise Refused(400, "`query` is a GraphQL document, as a text.")
    if not isinstance(name, str | None):
        raise Refused(400, "`operationName` is a text or null.")
    if not isinstance(variables, dict | None):
        raise Refused(400, "`variables` is an object or null.")
    if not isinstance(extensions, dict | None):
        raise Refused(400, "`extensions` is an object or null.")
    if has_unkeepable_text(query) or has_unkeepable_text(variables):
        raise Refused(400, UNKEEPABLE)
    return Told(query, name, variables)


def media_type(request: Request) -> str:
    """The media type to answer in: GraphQL's own only for those who ask for it by name."""
    return _GRAPHQL_JSON if _GRAPHQL_JSON in request.headers.get("accept", "").lower() else _JSON


def _response(body: Answer, status: int, media: str, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text.encode("utf-8", "replace"), status, headers, f"{media}; charset=utf-8")
