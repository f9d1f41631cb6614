"""One operation, whichever way it came: prepared, given its surroundings, run. HTTP and streams take the same steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from strawberry.types.graphql import OperationType

from api.changes import Changes
from api.context import Asker, Context, Wake
from api.documents import Documents, chosen_operation
from api.errors import Answer, execution_errors, request_errors
from api.persisted import Persisted
from api.problems import BadUserInput, Problem
from api.requests import Told
from api.schema import QuietSchema
from api.variables import are_of_variables, variable_errors
from loyalty.callers import Caller
from loyalty.programme import Programme

_NOT_HERE = "Follow a subscription with Accept: text/event-stream, or over WebSocket (graphql-transport-ws)."
_ALLOWED = {OperationType.QUERY, OperationType.MUTATION}


class NotRun(Exception):
    """An operation that is refused before anything of it ran."""

    def __init__(self, *errors: GraphQLError) -> None:
        self.errors = errors
        super().__init__(*errors)

    @classmethod
    def because(cls, problem: Problem) -> "NotRun":
        """A refusal with the problem's code and sentence."""
        return cls(GraphQLError(str(problem), original_error=problem))


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation that may run: limited, validated, and chosen from its document."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    operation_name: str | None
    variables: dict[str, Any] | None

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


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs operations of one schema for whoever asks."""

    schema: QuietSchema
    documents: Documents
    persisted: Persisted
    programme: Programme
    wake: Wake
    changes: Changes

    def prepare(self, told: Told, caller: Caller) -> Ready:
        """The operation that is meant, ready to run. Raises NotRun."""
        text = self._text_of(told, caller)
        prepared = self.documents.prepare(text)
        if prepared.document is None or prepared.errors:
            raise NotRun(*prepared.errors)
        self.persisted.keep(told)
        operation = chosen_operation(prepared.document, told.operation_name)
        if isinstance(operation, GraphQLError):
            raise NotRun(operation)
        return Ready(text, prepared.document, operation, told.operation_name, told.variables)

    def _text_of(self, told: Told, caller: Caller) -> str:
        try:
            return self.persisted.text_of(told, caller)
        except Problem as problem:
            raise NotRun.because(problem) from None

    def context_for(self, ready: Ready, asker: Asker) -> Context:
        """The surroundings of one operation; no two operations share them."""
        return Context(self.programme, asker, self.wake, ready.document, self.changes)

    async def run(self, ready: Ready, asker: Asker) -> Answered:
        """The answer to a query or mutation; a subscription is refused."""
        if ready.kind == "subscription":
            refused = NotRun.because(BadUserInput(_NOT_HERE))
            return refusal_of(refused, asker, ready.kind)
        return Answered(await self._execute(ready, self.context_for(ready, asker)), ready.kind)

    async def _execute(self, ready: Ready, context: Context) -> Answer:
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
            return self.unread(ready, result.errors, context.request_id)
        errors = execution_errors(result.errors, context.request_id)
        was_run = result.data is not None or any(error.path for error in result.errors)
        return {"errors": errors, "data": result.data} if was_run else {"errors": errors}

    def unread(self, ready: Ready, errors: Sequence[GraphQLError], request_id: str) -> Answer:
        """The answer where the values of variables could not be read."""
        found = variable_errors(self.schema._schema, ready.operation, ready.variables or {})
        return {"errors": request_errors(found or errors, request_id)}


def refusal_of(refused: NotRun, asker: Asker, kind: str = "none") -> Answered:
    """The answer to an operation of which nothing ran."""
    return Answered({"errors": request_errors(refused.errors, asker.request_id)}, kind)
