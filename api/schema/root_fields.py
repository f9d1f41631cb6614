"""Declaring root fields, each with its permission, description, cost and example."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import GraphQLField
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver
from strawberry.types.field import StrawberryField

from api.context import Info
from api.permissions import Permission
from api.prices import COST
from api.schema.answers import RefusalsAreAnswers
from api.schema.arguments import given

PERMISSION = "permission"
EXAMPLE = "example"
PUBLIC = "public"
"""The key of a query whose answer is the same for every caller, whatever is selected in it."""


class AsPermitted(FieldExtension):
    """Wraps a root field: it does not run at all for a caller without permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Checks the permission, then runs the field. Raises Unauthenticated and Forbidden."""
        caller = info.context.caller
        self.permission.check(caller)
        if self.permission.named:
            self.permission.check_named(caller, mi_id_in(kwargs))
        answer: Any = next_(source, info, **kwargs)
        return await answer if isawaitable(answer) else answer  # a subscription's resolver returns no coroutine


def mi_id_in(arguments: Mapping[str, Any]) -> str | None:
    """The Mi account that the argument `miId`, or that of the input, names; None without either."""
    return given(arguments.get("mi_id", getattr(arguments.get("input"), "mi_id", None)))


def mi_id_of(info: Info, mi_id: str | None) -> str:
    """The Mi account that a field is about: the one that is named, or else the calling member's own."""
    name = given(mi_id) or info.context.caller.name
    assert name is not None, "the permission of such a field refuses a service that names no member"
    return name


def query_field(
    permission: Permission, description: str, *, cost: int = 0, example: str | None = None, is_public: bool = False
) -> Any:
    """A root field of Query. `cost` is added to the cost of the objects in its answer. If `is_public`, caches may keep
    its answer and give it to anyone."""
    metadata = {PERMISSION: permission, COST: cost, EXAMPLE: example, PUBLIC: is_public}
    return strawberry.field(description=description, metadata=metadata, extensions=[AsPermitted(permission)])


def mutation_field(permission: Permission, description: str, *, cost: int = 0, example: str | None = None) -> Any:
    """A root field of Mutation. Refusals become members of its union, and so does a missing permission."""
    metadata = {PERMISSION: permission, COST: cost, EXAMPLE: example}
    # The last extension is the outermost.
    return strawberry.mutation(
        description=description, metadata=metadata, extensions=[AsPermitted(permission), RefusalsAreAnswers()]
    )


def subscription_field(permission: Permission, description: str, *, cost: int = 0, example: str | None = None) -> Any:
    """A root field of Subscription. Its cost is taken once, when it begins."""
    metadata = {PERMISSION: permission, COST: cost, EXAMPLE: example}
    return strawberry.subscription(description=description, metadata=metadata, extensions=[AsPermitted(permission)])


def declared(field: GraphQLField) -> Mapping[str, Any]:
    """The metadata declared with a field of the schema; empty for a field of the library."""
    definition = field.extensions.get("strawberry-definition")
    return definition.metadata if isinstance(definition, StrawberryField) else {}
