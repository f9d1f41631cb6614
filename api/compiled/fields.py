"""Fields with a resolver: it is called and awaited, its outcome is recorded, and its value is written."""

from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any

from graphql import GraphQLNonNull, get_named_type, is_composite_type

from api.compiled.calling import FieldCall, strawberry_field
from api.compiled.leaves import NULL, PLAIN
from api.compiled.running import PlanRun, Site
from api.compiled.words import PathPlace, Text, is_awaitable

Write = Callable[[Any, PlanRun, PathPlace], Text]
"""Writes a value, or the value of a field of an object."""


def resolved_field(site: Site, call: FieldCall, complete: Write, *, is_root: bool) -> Write:
    """Writes the value that the resolver returns. If the field is nullable, its siblings continue after an error."""
    node, key, typename = site.nodes[0], site.key, site.parent.name
    is_recorded = is_root or is_composite_type(get_named_type(site.definition.type))
    may_be_null = not isinstance(site.definition.type, GraphQLNonNull)
    is_async = strawberry_field(site.definition).is_async

    async def awaited(source: Any, run: PlanRun, here: PathPlace, pending: Awaitable[Any] | None) -> str:
        try:
            try:
                value = call(source, run, here) if pending is None else pending
                if type(value) is CoroutineType or is_awaitable(value):
                    value = await value
            except Exception as error:
                run.outcomes.add_awaited(source, node, None, error)
                raise
            run.outcomes.add_awaited(source, node, value)
            text = complete(value, run, here)
            return text if isinstance(text, str) else await text
        except Exception as error:
            run.note(error)
            if may_be_null:
                return NULL
            raise

    def write(source: Any, run: PlanRun, place: PathPlace) -> Text:
        return awaited(source, run, (place, key, typename), None)

    def write_at_once(source: Any, run: PlanRun, place: PathPlace) -> Text:
        here = (place, key, typename)
        try:
            value = _called(source, run, here)
            if type(value) not in PLAIN and is_awaitable(value):
                return awaited(source, run, here, value)
            text = complete(value, run, here)
            return text if isinstance(text, str) else _followed(text, run)
        except Exception as error:
            run.note(error)
            if may_be_null:
                return NULL
            raise

    def _called(source: Any, run: PlanRun, here: PathPlace) -> Any:
        """Calls the resolver. The outcome is recorded at the root, because the call may have changed something, and for
        objects, because outcomes of their fields are found by the object."""
        if not is_recorded:
            return call(source, run, here)
        try:
            value = call(source, run, here)
        except Exception as error:
            run.outcomes.add_immediate(source, node, None, error)
            raise
        if not is_awaitable(value):
            run.outcomes.add_immediate(source, node, value)
        return value

    async def _followed(text: Awaitable[str], run: PlanRun) -> str:
        try:
            return await text
        except Exception as error:
            run.note(error)
            if may_be_null:
                return NULL
            raise

    return write if is_async else write_at_once
