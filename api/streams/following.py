"""Following a subscription: every change as an answer, until it ends."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, subscribe

from api.context import Context
from api.errors import Answer, execution_errors


async def follow(
    schema: GraphQLSchema, context: Context, variables: Mapping[str, Any] | None, operation_name: str | None
) -> AsyncGenerator[Answer, None]:
    """The answers of one subscription. The last one has no `data` where it could not begin or could not go on."""
    try:
        source = await _source(schema, context, variables, operation_name)
        if isinstance(source, ExecutionResult):
            yield {"errors": execution_errors(source.errors or [], context.request_id)}
            return
        async with aclosing(source) as results:
            async for result in results:
                yield _answer(result, context.request_id)
    except Exception as error:
        yield {"errors": execution_errors([_wrapped(error)], context.request_id)}


async def _source(
    schema: GraphQLSchema, context: Context, variables: Mapping[str, Any] | None, operation_name: str | None
) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
    """Where the answers come from; or the one answer that there is nothing to come."""
    begun: Any = subscribe(
        schema,
        context.document,
        context_value=context,
        variable_values=dict(variables or {}),
        operation_name=operation_name,
    )
    source: AsyncGenerator[ExecutionResult, None] | ExecutionResult = await begun if isawaitable(begun) else begun
    return source


def _wrapped(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)


def _answer(result: ExecutionResult, request_id: str) -> Answer:
    if not result.errors:
        return {"data": result.data}
    return {"errors": execution_errors(result.errors, request_id), "data": result.data}
