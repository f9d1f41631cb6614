"""Where a field's value comes from: an attribute of the object, or a resolver."""

from collections.abc import Callable
from typing import Any

from graphql import FieldNode, GraphQLField
from strawberry.schema.schema import Schema
from strawberry.types.field import StrawberryField

from api.compiled.arguments import arguments_of, core_arguments
from api.compiled.info import info_maker
from api.compiled.running import PlanRun, Site
from api.compiled.words import NotExpressible, PathPlace

FieldCall = Callable[[Any, PlanRun, PathPlace], Any]
"""Returns the value of an object's field, or an awaitable of it."""

_FACTORY = "GraphQLCoreConverter.from_resolver.<locals>."


def strawberry_field(definition: GraphQLField) -> StrawberryField:
    """Strawberry's definition of a field. Raises NotExpressible if the field is not Strawberry's."""
    field = definition.extensions.get("strawberry-definition")
    if not isinstance(field, StrawberryField) or definition.resolve is None:
        raise NotExpressible
    return field


def attribute_of(definition: GraphQLField) -> str | None:
    """The attribute that holds the field's value; None if a resolver has to be called."""
    field = strawberry_field(definition)
    is_read = _made_as(definition, "_get_basic_result") and field.default_resolver is getattr
    return field.python_name if is_read and not _is_special(field) else None


def call_of(schema: Schema, site: Site) -> FieldCall:
    """Calls the resolver: directly if Strawberry wraps nothing around it, or else through Strawberry's function."""
    field, definition = strawberry_field(site.definition), site.definition
    is_made = _made_as(definition, "_resolver") or _made_as(definition, "_async_resolver")
    is_bare = is_made and not field.extensions and not schema.exception_handlers and not _is_special(field)
    if is_bare and field.base_resolver is not None and callable(field.base_resolver.wrapped_func):
        return _direct(schema, field, site)
    return _through_strawberry(definition, site.nodes[0], site)


def _is_special(field: StrawberryField) -> bool:
    return type(field).get_result is not StrawberryField.get_result


def _made_as(definition: GraphQLField, name: str) -> bool:
    return getattr(definition.resolve, "__qualname__", "") == _FACTORY + name


def _through_strawberry(definition: GraphQLField, node: FieldNode, site: Site) -> FieldCall:
    read, resolve = core_arguments(definition, node), definition.resolve
    assert resolve is not None

    def call(source: Any, run: PlanRun, place: PathPlace) -> Any:
        return resolve(source, run.raw_info(site, place), **read(run.variables))

    return call


def _direct(schema: Schema, field: StrawberryField, site: Site) -> FieldCall:
    base = field.base_resolver
    assert base is not None
    info_class: Any = schema.config.info_class
    arguments, make_info = arguments_of(schema, field, site.definition, site.nodes[0]), info_maker(info_class)
    function, takes_self = base.wrapped_func, base.self_parameter is not None
    info_name = base.info_parameter.name if base.info_parameter else None
    sources = [each.name for each in (base.parent_parameter, base.root_parameter) if each is not None]

    def call(source: Any, run: PlanRun, place: PathPlace) -> Any:
        info = make_info(run, site, field, place)
        values = arguments.values(run.variables, info)
        for name in sources:
            values[name] = source
        if info_name is not None:
            values[info_name] = info
        return function(source, **values) if takes_self else function(**values)  # type: ignore[operator]

    return call
