"""How a field's value is had: read from the object, or given by its resolver."""

from collections.abc import Callable
from typing import Any

from graphql import FieldNode, GraphQLField
from strawberry.schema.schema import Schema
from strawberry.types.field import StrawberryField

from api.compiled.arguments import arguments_of, core_arguments
from api.compiled.info import info_maker
from api.compiled.running import Run, Site
from api.compiled.words import NotExpressible, Place

Call = Callable[[Any, Run, Place], Any]
"""The value of a field of an object, or what is to be awaited for it."""

_MADE = "GraphQLCoreConverter.from_resolver.<locals>."


def strawberry_field(definition: GraphQLField) -> StrawberryField:
    """What Strawberry knows of a field. Raises NotExpressible for a field of somebody else."""
    told = definition.extensions.get("strawberry-definition")
    if not isinstance(told, StrawberryField) or definition.resolve is None:
        raise NotExpressible
    return told


def attribute_of(definition: GraphQLField) -> str | None:
    """The attribute that is the field's value; None where a resolver has to be asked."""
    field = strawberry_field(definition)
    is_read = _made_as(definition, "_get_basic_result") and field.default_resolver is getattr
    return field.python_name if is_read and not _is_special(field) else None


def call_of(schema: Schema, site: Site) -> Call:
    """Asks the resolver: the function itself where Strawberry puts nothing around it, or else Strawberry's."""
    field, definition = strawberry_field(site.definition), site.definition
    is_made = _made_as(definition, "_resolver") or _made_as(definition, "_async_resolver")
    is_bare = is_made and not field.extensions and not schema.exception_handlers and not _is_special(field)
    if is_bare and field.base_resolver is not None and callable(field.base_resolver.wrapped_func):
        return _direct(schema, field, site)
    return _whole(definition, site.nodes[0], site)


def _is_special(field: StrawberryField) -> bool:
    return type(field).get_result is not StrawberryField.get_result


def _made_as(definition: GraphQLField, name: str) -> bool:
    return getattr(definition.resolve, "__qualname__", "") == _MADE + name


def _whole(definition: GraphQLField, node: FieldNode, site: Site) -> Call:
    read, resolve = core_arguments(definition, node), definition.resolve
    assert resolve is not None

    def call(source: Any, run: Run, place: Place) -> Any:
        return resolve(source, run.raw_info(site, place), **read(run.variables))

    return call


def _direct(schema: Schema, field: StrawberryField, site: Site) -> Call:
    base = field.base_resolver
    assert base is not None
    info_class: Any = schema.config.info_class
    arguments, make_info = arguments_of(schema, field, site.definition, site.nodes[0]), info_maker(info_class)
    function, takes_self = base.wrapped_func, base.self_parameter is not None
    info_name = base.info_parameter.name if base.info_parameter else None
    sources = [each.name for each in (base.parent_parameter, base.root_parameter) if each is not None]

    def call(source: Any, run: Run, place: Place) -> Any:
        info = make_info(run, site, field, place)
        told = arguments.of(run.variables, info)
        for name in sources:
            told[name] = source
        if info_name is not None:
            told[info_name] = info
        return function(source, **told) if takes_self else function(**told)  # type: ignore[operator]

    return call
