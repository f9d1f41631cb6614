"""One operation both ways: by graphql-core alone, and by a plan that graphql-core completes."""

import json
from typing import Any

from graphql import DocumentNode, ExecutionResult, OperationDefinitionNode, execute
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import Schema
from strawberry.utils.await_maybe import await_maybe

from api.compiled import replaying
from api.compiled.plan import Plan, compile_operation

Variables = dict[str, Any] | None


def plan_of(schema: Schema, document: DocumentNode) -> Plan | None:
    """The plan of a document's first operation."""
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return compile_operation(schema, document, operation)


async def interpreted(schema: Schema, document: DocumentNode, context: Any, variables: Variables = None) -> bytes:
    """The answer of graphql-core to the same parsed document, run as Strawberry runs it."""
    result: ExecutionResult = await await_maybe(
        execute(
            schema._schema,
            document,
            context_value=context,
            variable_values=variables,
            is_awaitable=optimized_is_awaitable,
            executor_class=schema.execution_context_class,
        )
    )
    answer = {"data": result.data} | ({"errors": [each.formatted for each in result.errors]} if result.errors else {})
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


async def planned(
    schema: Schema, plan: Plan, document: DocumentNode, context: Any, variables: Variables = None
) -> tuple[bytes, bool]:
    """The answer of a plan, and whether it finished without graphql-core."""
    text = await plan.execute(context, variables)
    if isinstance(text, str):
        return f'{{"data":{text}}}'.encode("utf-8", "replace"), True
    with replaying(text):
        return await interpreted(schema, document, context, variables), False
