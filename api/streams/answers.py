"""The answers to one operation of a stream: one to a query or mutation, any number to a subscription."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, subscribe

from api.context import Context, Requester
from api.errors import AnswerBody, execution_errors
from api.metrics import Metrics
from api.runner import Answered, Ready, Runner
from api.variables import are_of_variables


async def answers(
    runner: Runner, ready: Ready | Answered, asker: Requester, metrics: Metrics
) -> AsyncGenerator[AnswerBody, None]:
    """The answers, all well-formed. One without `data` means that nothing was run, or that the subscription ended."""
    if isinstance(ready, Ready) and ready.kind == "subscription":
        last, cost = Answered({}, ready.kind), {"extensions": ready.admitted.extensions()}
        async with aclosing(_follow(runner, ready, asker)) as following:
            async for answer in following:
                last = Answered(answer | cost, ready.kind)
                cost = {}  # it was taken once, so only the first answer states it
                yield last.body
    else:
        last = ready if isinstance(ready, Answered) else await runner.run(ready, asker)
        yield last.body
    metrics.count_operation(last.kind, last.outcome)


async def _follow(runner: Runner, ready: Ready, asker: Requester) -> AsyncGenerator[AnswerBody, None]:
    """The answers of one subscription. The document is already prepared, so nothing is parsed or validated again."""
    context = runner.context_for(ready, asker)
    try:
        source = await _source(runner.schema._schema, ready, context)
        if isinstance(source, ExecutionResult):
            yield _not_begun(runner, ready, source.errors or [], asker)
            return
        async with aclosing(source) as results:
            async for result in results:
                yield _answer(result, context.request_id)
    except Exception as error:
        yield {"errors": execution_errors([_wrapped(error)], context.request_id)}


def _not_begun(runner: Runner, ready: Ready, errors: Sequence[GraphQLError], asker: Requester) -> AnswerBody:
    if errors and are_of_variables(errors):
        return runner.unread(ready, errors, asker)
    return {"errors": execution_errors(errors, asker.request_id)}


async def _source(
    schema: GraphQLSchema, ready: Ready, context: Context
) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
    """The stream of answers; or a single answer if the subscription could not begin."""
    begun: Any = subscribe(
        schema,
        ready.document,
        context_value=context,
        variable_values=ready.variables,
        operation_name=ready.operation_name,
    )
    source: AsyncGenerator[ExecutionResult, None] | ExecutionResult = await begun if isawaitable(begun) else begun
    return source


def _wrapped(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)


def _answer(result: ExecutionResult, request_id: str) -> AnswerBody:
    if not result.errors:
        return {"data": result.data}
    return {"errors": execution_errors(result.errors, request_id), "data": result.data}
