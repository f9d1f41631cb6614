"""GraphQL over HTTP: one endpoint, both media types, and always a well-formed answer."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.types.graphql import OperationType as AllowedOperation

from api.access import caller_of
from api.context import Asker, Context, Wake
from api.documents import Documents, chosen_operation
from api.errors import BAD_USER_INPUT, FAULT, INTERNAL, Answer, error_answer, execution_errors, request_errors
from api.graphiql import graphiql_page
from api.metrics import Metrics
from api.negotiation import GRAPHQL_JSON, HTML, JSON, chosen_media
from api.requests import Batch, Refused, Told, read_request
from api.schema import QuietSchema
from loyalty.messages import language_of
from loyalty.programme import Programme
from loyalty.tokens import Verifier

log = logging.getLogger("mipoints.api")

_ALLOWED = {AllowedOperation.QUERY, AllowedOperation.MUTATION}
_NOTHING_RAN = 400
"""For `application/graphql-response+json` without `data`. The specification allows 422 too; clients know 400."""


class NotRun(Exception):
    """An operation that is refused before anything of it ran."""

    def __init__(self, *errors: GraphQLError) -> None:
        self.errors = errors
        super().__init__(*errors)


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation that may run: limited, validated, and chosen from its document."""

    told: Told
    text: str
    document: DocumentNode
    operation: OperationDefinitionNode

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.operation.operation.value


@dataclass(frozen=True, slots=True)
class Answered:
    """The body of one operation's answer, and what is counted of it. Without `data`, nothing was run."""

    body: Answer
    kind: str = "none"

    @property
    def outcome(self) -> str:
        """ok, or the first error's code."""
        errors = self.body.get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else "ok"


@dataclass(slots=True)
class GraphQLEndpoint:
    """`/graphql`: POST runs one operation or a batch, GET runs a query, and shows GraphiQL to browsers."""

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
        if wants_page(request):
            response: Response = HTMLResponse(graphiql_page())
        else:
            response = await self._answer_always(request, request_id)
            self.metrics.seconds.labels("/graphql").observe(time.perf_counter() - started)
        response.headers.update({"x-request-id": request_id, "cache-control": "no-store", "vary": "accept"})
        await response(scope, receive, send)

    async def _answer_always(self, request: Request, request_id: str) -> Response:
        """The outermost wall: a fault around an operation is masked like one inside."""
        media = chosen_media(request.headers.get("accept"))
        try:
            return await self._answer(request, request_id, media)
        except Refused as refused:
            answered = self._counted(_refusal(refused, request_id))
            return _response(answered.body, refused.status, media or JSON, refused.headers)
        except Exception:
            log.exception("%s: fault around an operation", request_id)
            answered = self._counted(Answered({"errors": [error_answer(FAULT, INTERNAL, request_id)]}))
            return _response(answered.body, 500, media or JSON)

    async def _answer(self, request: Request, request_id: str, media: str | None) -> Response:
        """Raises Refused."""
        if media is None:
            raise Refused(406, f"Answers are {GRAPHQL_JSON} or {JSON}: accept one of them.")
        told = await read_request(request, self.body_limit)
        caller = await caller_of(request, self.verifier)
        asker = Asker(caller, language_of(request.headers.get("accept-language")), request_id)
        if isinstance(told, list):
            return _response([each.body for each in await self._run_all(told, asker)], 200, media)
        answered = self._counted(await self.run(told, asker))
        return _response(answered.body, _status_of(answered, media), media)

    async def _run_all(self, batch: Batch, asker: Asker) -> list[Answered]:
        """A batch, in the order it was sent, one after the other: a request holds one connection at a time."""
        return [self._counted(await self._run_or_refuse(each, asker)) for each in batch]

    async def _run_or_refuse(self, told: Told | Refused, asker: Asker) -> Answered:
        return _refusal(told, asker.request_id) if isinstance(told, Refused) else await self.run(told, asker)

    async def run(self, told: Told, asker: Asker) -> Answered:
        """One operation's answer. Raises Refused for a GET of anything but a query."""
        try:
            ready = self.prepare(told)
        except NotRun as refused:
            return Answered({"errors": request_errors(refused.errors, asker.request_id)})
        if told.is_get and ready.kind != "query":
            raise Refused(405, "A GET runs queries only: send a POST.", allow="POST")
        if ready.operation.operation == OperationType.SUBSCRIPTION:
            error = GraphQLError("Subscriptions are not answered here.", ready.operation)
            return Answered({"errors": request_errors([error], asker.request_id)}, ready.kind)
        return Answered(await self.execute(ready, self.context_for(ready, asker)), ready.kind)

    def prepare(self, told: Told) -> Ready:
        """The operation that is meant, ready to run. Raises NotRun."""
        text = told.query or ""
        prepared = self.documents.prepare(text)
        if prepared.document is None or prepared.errors:
            raise NotRun(*prepared.errors)
        operation = chosen_operation(prepared.document, told.operation_name)
        if isinstance(operation, GraphQLError):
            raise NotRun(operation)
        return Ready(told, text, prepared.document, operation)

    def context_for(self, ready: Ready, asker: Asker) -> Context:
        """The surroundings of one operation; no two operations share them."""
        return Context(self.programme, asker, self.wake, ready.document)

    async def execute(self, ready: Ready, context: Context) -> Answer:
        """Runs a query or mutation."""
        result = await self.schema.execute(
            ready.text,
            variable_values=ready.told.variables,
            context_value=context,
            operation_name=ready.told.operation_name,
            allowed_operation_types=_ALLOWED,
        )
        if not result.errors:
            return {"data": result.data}
        errors = execution_errors(result.errors, context.request_id)
        was_run = result.data is not None or any(error.path for error in result.errors)
        return {"errors": errors, "data": result.data} if was_run else {"errors": errors}

    def _counted(self, answered: Answered) -> Answered:
        self.metrics.graphql.labels(answered.kind, answered.outcome).inc()
        return answered


def wants_page(request: Request) -> bool:
    """Whether a person's browser is looking at the address, and not a program."""
    return request.method == "GET" and chosen_media(request.headers.get("accept"), (GRAPHQL_JSON, JSON, HTML)) == HTML


def _refusal(refused: Refused, request_id: str) -> Answered:
    return Answered({"errors": [error_answer(str(refused), BAD_USER_INPUT, request_id)]})


def _status_of(answered: Answered, media: str) -> int:
    """By GraphQL's own media type a client sees in the status whether anything ran; by JSON it looks into the body."""
    return _NOTHING_RAN if media == GRAPHQL_JSON and "data" not in answered.body else 200


def _response(body: Any, status: int, media: str, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text.encode("utf-8", "replace"), status, headers, f"{media}; charset=utf-8")
