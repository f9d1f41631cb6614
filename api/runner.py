"""One operation: prepared, given its context, run. HTTP and streams take the same steps."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from starlette.requests import HTTPConnection
from strawberry.types.graphql import OperationType

from api.admission import Admission, Admitted
from api.compiled import replaying
from api.compiled.plan import Plan
from api.context import Context, Requester, Wake
from api.disconnect import Disconnect, ended_by
from api.documents import Documents, chosen_operation
from api.errors import TOO_LONG, UNAVAILABLE, AnswerBody, error_answer, execution_errors, request_errors
from api.followers import Followers
from api.persisted import Persisted
from api.plans import Plans
from api.problems import BadUserInput, Limited, Problem
from api.requests import OperationRequest
from api.schema import QuietSchema
from api.variables import are_of_variables, variable_errors
from api.written import Json
from db.pool import ending_by
from loyalty.callers import Caller
from loyalty.programme.programme import Programme

log = logging.getLogger("mipoints.api")

_NOT_HERE = "Follow a subscription with Accept: text/event-stream, or over WebSocket (graphql-transport-ws)."
_GONE, _DISCONNECTED = "GONE", "The client disconnected, so this was ended."  # seen in counts and logs only
_ALLOWED = {OperationType.QUERY, OperationType.MUTATION}


class NotRun(Exception):
    """An operation that is refused before any of it ran."""

    def __init__(self, *errors: GraphQLError, problem: Problem | None = None) -> None:
        self.errors, self.problem = errors, problem
        super().__init__(*errors)

    @classmethod
    def because(cls, problem: Problem) -> "NotRun":
        """A refusal with the problem's code and sentence."""
        return cls(GraphQLError(str(problem), original_error=problem), problem=problem)


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation that may run: limited, validated, chosen from its document, and its cost charged."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    operation_name: str | None
    variables: dict[str, Any] | None
    admitted: Admitted
    plan: Plan | None = None

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.operation.operation.value


@dataclass(frozen=True, slots=True)
class Answered:
    """The body of one operation's answer, and its labels in the metrics. Without `data`, nothing was run; `status` is
    then the HTTP status under GraphQL's own media type. The specification allows 422 for 400; clients know 400."""

    body: AnswerBody
    kind: str = "none"
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """`ok`, or the first error's code."""
        errors = self.body.get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else "ok"


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs operations of one schema for every caller. `seconds` is the longest an operation may take."""

    schema: QuietSchema
    documents: Documents
    persisted: Persisted
    programme: Programme
    wake: Wake
    changes: Followers
    admission: Admission
    seconds: float
    plans: Plans | None = None
    _unfinished: "set[asyncio.Future[Answered]]" = field(default_factory=set)

    def asker(self, connection: HTTPConnection, caller: Caller, language: str, request_id: str) -> Requester:
        """The requester of the operations that come over one connection."""
        payer = self.admission.payer(caller, connection)
        return Requester(caller, language, request_id, payer, self.admission.may_read_schema(caller))

    async def prepare(self, request: OperationRequest, asker: Requester) -> Ready:
        """The requested operation, ready to run, its cost charged. Raises NotRun."""
        try:
            return await self._prepare(request, asker)
        except Problem as problem:
            raise NotRun.because(problem) from None

    async def _prepare(self, request: OperationRequest, asker: Requester) -> Ready:
        """Raises NotRun, or the Problem for which the operation is not run."""
        self.admission.check(asker.payer)
        text = self.persisted.text_of(request, asker.caller)
        prepared = self.documents.prepare(text)
        if prepared.document is None or prepared.errors:
            await self.admission.fine(asker.payer, request.size)
            raise NotRun(*prepared.errors)
        self.persisted.keep(request)
        document, operation = prepared.document, chosen_operation(prepared.document, request.operation_name)
        if isinstance(operation, GraphQLError):
            await self.admission.fine(asker.payer, request.size)
            raise NotRun(operation)
        admitted = await self.admission.admit(
            document,
            operation,
            request.variables,
            asker.caller,
            asker.payer,
            request.size,
            prepared.state.costs,
        )
        plan = self.plans.plan_of(prepared, operation) if self.plans is not None else None
        return Ready(text, document, operation, request.operation_name, request.variables, admitted, plan)

    def context_for(self, ready: Ready, asker: Requester) -> Context:
        """The context of one operation; no two operations share one."""
        return Context(self.programme, asker, self.wake, ready.document, self.changes)

    async def run(self, ready: Ready, asker: Requester) -> Answered:
        """The answer to a query or mutation; a subscription is refused.

        If the client disconnects, a query and its SQL are cancelled, and the queries after it in its batch are not
        started. A mutation still runs to its end: the request that a phone sent just before it lost its connection is
        carried out, and the answer is stored under its key until the phone sends it again. Cancelling would save
        nothing, because the phone repeats the request, and could separate a commit from its wake-up.
        """
        if ready.kind == "subscription":
            refused = NotRun.because(BadUserInput(_NOT_HERE))
            return refused_answer(refused, asker, ready.kind)
        if ready.kind == "query" and asker.has_disconnected:
            return _for_nobody(asker)
        if ready.kind == "query":
            return await self._run_in_time(ready, self.context_for(ready, asker), asker.disconnect)
        running = asyncio.ensure_future(self._run_in_time(ready, self.context_for(ready, asker), None))
        self._unfinished.add(running)  # the event loop keeps no strong reference
        running.add_done_callback(self._unfinished.discard)
        return await asyncio.shield(running)

    async def _run_in_time(self, ready: Ready, context: Context, disconnect: Disconnect | None) -> Answered:
        """When its time is over, an operation's SQL is cancelled, and each field that waited for it has an error;
        anything else it waits for is cancelled a second later. On a disconnect all is cancelled at once."""
        until, costs = asyncio.get_running_loop().time() + self.seconds, {"extensions": ready.admitted.extensions()}
        try:
            with ending_by(until):
                async with asyncio.timeout_at(until + 1) as work:
                    with ended_by(disconnect, work):
                        return Answered(await self._execute(ready, context) | costs, ready.kind)
        except TimeoutError:
            if disconnect is not None and disconnect.is_noticed:
                return _for_nobody(context.asker)
            log.warning("%s: ended after %.1f s", context.request_id, self.seconds)
            answer = error_answer(TOO_LONG, UNAVAILABLE, context.request_id)
            return Answered({"errors": [answer]} | costs, ready.kind, 503)

    async def _execute(self, ready: Ready, context: Context) -> AnswerBody:
        """By its plan if it has one. If the plan cannot finish, graphql-core completes the answer."""
        if ready.plan is None:
            return await self._interpret(ready, context)
        data = await ready.plan.execute(context, ready.variables)
        if isinstance(data, str):
            return {"data": Json(data)}
        with replaying(data):
            return await self._interpret(ready, context)

    async def _interpret(self, ready: Ready, context: Context) -> AnswerBody:
        result = await self.schema.execute(
            ready.text,
            variable_values=ready.variables,
            context_value=context,
            operation_name=ready.operation_name,
            allowed_operation_types=_ALLOWED,
        )
        if not result.errors:
            return {"data": result.data}
        if are_of_variables(result.errors):
            return self.unread(ready, result.errors, context.asker)
        errors = execution_errors(result.errors, context.request_id, is_helped=context.asker.is_helped)
        was_run = result.data is not None or any(error.path for error in result.errors)
        return {"errors": errors, "data": result.data} if was_run else {"errors": errors}

    def unread(self, ready: Ready, errors: Sequence[GraphQLError], asker: Requester) -> AnswerBody:
        """The answer if the values of variables could not be read."""
        found = variable_errors(self.schema._schema, ready.operation, ready.variables or {})
        return {"errors": request_errors(found or errors, asker.request_id, is_helped=asker.is_helped)}


def _for_nobody(asker: Requester) -> Answered:
    log.info("%s: ended, as its client disconnected", asker.request_id)
    return Answered({"errors": [error_answer(_DISCONNECTED, _GONE, asker.request_id)]}, "query")


def refused_answer(refused: NotRun, asker: Requester, kind: str = "none") -> Answered:
    """The answer to an operation that was not run, with Retry-After if waiting helps."""
    body = {"errors": request_errors(refused.errors, asker.request_id, is_helped=asker.is_helped)}
    problem = refused.problem
    if isinstance(problem, Limited) and problem.retry_after is not None:
        return Answered(body, kind, problem.status, {"retry-after": str(problem.retry_after)})
    return Answered(body, kind, problem.status if problem is not None else 400)
