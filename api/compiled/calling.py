"""Where a field's value comes from: an attribute of the object, or a resolver."""

from collections.abc import Callable
from functools import partial
from typing import Any

from graphql import FieldNode, GraphQLField
from strawberry.extensions.field_extension import FieldExtension, build_field_extension_resolvers
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
    """Calls the resolver and the extensions around it, or else Strawberry's function that does so."""
    field, definition = strawberry_field(site.definition), site.definition
    is_made = _made_as(definition, "_resolver") or _made_as(definition, "_async_resolver")
    if not is_made or schema.exception_handlers or _is_special(field) or _maps_arguments(field):
        return _through_strawberry(definition, site.nodes[0], site)
    if field.base_resolver is None or not callable(field.base_resolver.wrapped_func):
        return _through_strawberry(definition, site.nodes[0], site)
    return _extended(schema, field, site) if field.extensions else _direct(schema, field, site)


def _maps_arguments(field: StrawberryField) -> bool:
    return any(type(each).map_arguments is not FieldExtension.map_arguments for each in field.extensions)


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
    function, takes_self = _function(field)
    prepare = _prepared(schema, field, site)
    base = field.base_resolver
    info_name = base.info_parameter.name if base and base.info_parameter else None

    def call(source: Any, run: PlanRun, place: PathPlace) -> Any:
        info, values = prepare(source, run, place)
        if info_name is not None:
            values[info_name] = info
        return function(source, **values) if takes_self else function(**values)

    return call


def _extended(schema: Schema, field: StrawberryField, site: Site) -> FieldCall:
    """As Strawberry's `extension_resolver`: an argument `info` is kept from the extensions, which get it anyway."""
    (function, takes_self), prepare, base = _function(field), _prepared(schema, field, site), field.base_resolver
    info_name = base.info_parameter.name if base and base.info_parameter else None
    extensions = build_field_extension_resolvers(field)

    def call(source: Any, run: PlanRun, place: PathPlace) -> Any:
        info, values = prepare(source, run, place)
        if info_name is not None and info_name != "info":
            values[info_name] = info

        def resolve(_source: Any, info: Any, **named: Any) -> Any:
            if info_name == "info":
                named["info"] = info
            return function(source, **named) if takes_self else function(**named)

        chain: Callable[..., Any] = resolve
        for each in extensions:
            chain = partial(each, chain)
        return chain(source, info, **values)

    return call


def _function(field: StrawberryField) -> tuple[Callable[..., Any], bool]:
    """The resolver's function, and whether it takes the object as its first argument."""
    base: Any = field.base_resolver
    return base.wrapped_func, base.self_parameter is not None


def _prepared(schema: Schema, field: StrawberryField, site: Site) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """Makes the Info of a call, and the arguments other than the Info."""
    base: Any = field.base_resolver
    info_class: Any = schema.config.info_class
    arguments, make_info = arguments_of(schema, field, site.definition, site.nodes[0]), info_maker(info_class)
    sources = [each.name for each in (base.parent_parameter, base.root_parameter) if each is not None]

    def prepare(source: Any, run: PlanRun, place: PathPlace) -> tuple[Any, dict[str, Any]]:
        info = make_info(run, site, field, place)
        values = arguments.values(run.variables, info)
        for name in sources:
            values[name] = source
        return info, values

    return prepare
