"""Root fields as they are declared: who may ask, in a sentence what for, what it costs, and an example."""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import GraphQLField
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver
from strawberry.types.field import StrawberryField
from strawberry.utils.await_maybe import await_maybe

from api.context import Info
from api.permissions import Permission
from api.prices import COST
from api.schema.answers import RefusalsAreAnswers
from api.schema.arguments import given

PERMISSION = "permission"
EXAMPLE = "example"


class AsPermitted(FieldExtension):
    """Around a root field: nothing of it runs for those who may not ask it."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """Raises Unauthenticated and Forbidden."""
        caller = info.context.caller
        self.permission.check(caller)
        if self.permission.named:
            self.permission.check_named(caller, mi_id_in(kwargs))
        return await await_maybe(next_(source, info, **kwargs))  # a subscription's is no coroutine


def mi_id_in(arguments: Mapping[str, Any]) -> str | None:
    """Whom a field is asked about: by its own argument, or by its input's; None where neither says."""
    return given(arguments.get("mi_id", getattr(arguments.get("input"), "mi_id", None)))


def mi_id_of(info: Info, mi_id: str | None) -> str:
    """The Mi account that a field which names one is about: a member's own, or the one named."""
    name = given(mi_id) or info.context.caller.name
    assert name is not None, "the permission of such a field lets nobody in who says none"
    return name


def query(permission: Permission, says: str, *, cost: int = 0, example: str | None = None) -> Any:
    """A root field of Query. `cost` is what answering it costs beside the objects of its answer."""
    told = {PERMISSION: permission, COST: cost, EXAMPLE: example}
    return strawberry.field(description=says, metadata=told, extensions=[AsPermitted(permission)])


def mutation(permission: Permission, says: str, *, cost: int = 0, example: str | None = None) -> Any:
    """A root field of Mutation: refusals are members of its union, not being permitted too."""
    told = {PERMISSION: permission, COST: cost, EXAMPLE: example}
    # The last of these is the outermost.
    return strawberry.mutation(
        description=says, metadata=told, extensions=[AsPermitted(permission), RefusalsAreAnswers()]
    )


def subscription(permission: Permission, says: str, *, cost: int = 0, example: str | None = None) -> Any:
    """A root field of Subscription; its cost is taken once, when it begins."""
    told = {PERMISSION: permission, COST: cost, EXAMPLE: example}
    return strawberry.subscription(description=says, metadata=told, extensions=[AsPermitted(permission)])


def declared(told: GraphQLField) -> Mapping[str, Any]:
    """What is declared beside a field of the schema; nothing where it is none of ours."""
    definition = told.extensions.get("strawberry-definition")
    return definition.metadata if isinstance(definition, StrawberryField) else {}
