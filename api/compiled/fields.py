"""Fields that a resolver answers: asked, awaited where need be, kept, and written."""

from collections.abc import Awaitable, Callable
from typing import Any

from graphql import GraphQLNonNull, get_named_type, is_composite_type

from api.compiled.calling import Call, strawberry_field
from api.compiled.leaves import NULL, PLAIN
from api.compiled.running import Run, Site
from api.compiled.words import Place, Text, is_awaitable

Write = Callable[[Any, Run, Place], Text]
"""Writes a value, or what a field of an object has for one."""


def asked_field(site: Site, call: Call, complete: Write, *, is_root: bool) -> Write:
    """Writes what the resolver gives. Where null may be, an error is noted and ends nobody else's work."""
    node, key, typename = site.nodes[0], site.key, site.parent.name
    is_kept = is_root or is_composite_type(get_named_type(site.definition.type))
    may_be_null = not isinstance(site.definition.type, GraphQLNonNull)
    is_async = strawberry_field(site.definition).is_async

    async def wait(source: Any, run: Run, here: Place, given: Awaitable[Any] | None) -> str:
        try:
            try:
                value = await (call(source, run, here) if given is None else given)
            except Exception as error:
                run.kept.awaited(source, node, None, error)
                raise
            run.kept.awaited(source, node, value)
            text = complete(value, run, here)
            return text if isinstance(text, str) else await text
        except Exception as error:
            run.note(error)
            if may_be_null:
                return NULL
            raise

    def write(source: Any, run: Run, place: Place) -> Text:
        return wait(source, run, (place, key, typename), None)

    def write_at_once(source: Any, run: Run, place: Place) -> Text:
        here = (place, key, typename)
        try:
            value = _called(source, run, here)
            if type(value) not in PLAIN and is_awaitable(value):
                return wait(source, run, here, value)
            text = complete(value, run, here)
            return text if isinstance(text, str) else _followed(text, run)
        except Exception as error:
            run.note(error)
            if may_be_null:
                return NULL
            raise

    def _called(source: Any, run: Run, here: Place) -> Any:
        """What is asked at the root is kept even where nothing was awaited: it may have changed something. So are
        objects, of which more is asked."""
        if not is_kept:
            return call(source, run, here)
        try:
            value = call(source, run, here)
        except Exception as error:
            run.kept.at_once(source, node, None, error)
            raise
        if not is_awaitable(value):
            run.kept.at_once(source, node, value)
        return value

    async def _followed(text: Awaitable[str], run: Run) -> str:
        try:
            return await text
        except Exception as error:
            run.note(error)
            if may_be_null:
                return NULL
            raise

    return write if is_async else write_at_once
