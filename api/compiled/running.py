"""One execution of a plan: the values that its resolvers get, and the errors and outcomes so far."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, gather_with_cancel
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import _OperationContextAwareGraphQLResolveInfo

from api.compiled.declared import DeclaredVariables
from api.compiled.replaying import Outcomes
from api.compiled.words import Contained, NotExpressible, PathPlace, is_awaitable

_Raw: Any = _OperationContextAwareGraphQLResolveInfo


@dataclass(frozen=True, slots=True)
class Operation:
    """The parts of an operation that all its executions share."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    declared: DeclaredVariables


@dataclass(frozen=True, slots=True)
class Site:
    """A field at one place of an operation: its key in the answer, its nodes, its definition and its parent type."""

    key: str
    nodes: list[FieldNode]
    definition: GraphQLField
    parent: GraphQLObjectType


@dataclass(slots=True)
class PlanRun:
    """One execution. `failed`: an error was raised, so graphql-core completes the answer. `misfit`: a value was not
    expressible, which is no error of the operation."""

    operation: Operation
    root: Any
    context: Any
    variables: VariableValues
    outcomes: Outcomes = field(default_factory=Outcomes)
    failed: bool = False
    misfit: bool = False
    _last: Exception | None = None
    _followed: set[Any] = field(default_factory=set)

    def note(self, error: Exception) -> None:
        """Notes an error; the same error may be noted several times on its way up."""
        error = error.error if isinstance(error, Contained) else error
        self.outcomes.in_order = self.outcomes.in_order or (self._last is not None and self._last is not error)
        self.failed, self._last = True, error
        self.misfit = self.misfit or isinstance(error, NotExpressible)

    def raw_info(self, site: Site, place: PathPlace) -> GraphQLResolveInfo[Any]:
        """graphql-core's GraphQLResolveInfo of a field, as Strawberry's executor builds it."""
        info: Any = _Raw(
            site.nodes[0].name.value,
            site.nodes,
            site.definition.type,
            site.parent,
            path_of(place),
            self.operation.schema,
            dict(self.operation.fragments),
            self.root,
            self.operation.node,
            self.variables.coerced,
            self.context,
            optimized_is_awaitable,
            None,
            GraphQLResolveInfoHelpers(_gather, self._follow),
            None,
        )
        return info  # type: ignore[no-any-return]

    def _follow(self, values: Sequence[Any]) -> None:
        """Runs awaitables that a resolver left behind to their end; nothing waits for them."""
        for each in values:
            if is_awaitable(each):
                task = asyncio.ensure_future(each)
                self._followed.add(task)
                task.add_done_callback(self._followed.discard)


def _gather(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)


def path_of(place: PathPlace) -> Path:
    """A place as graphql-core's Path."""
    assert place is not None
    above, key, typename = place
    return Path(path_of(above) if above is not None else None, key, typename)
