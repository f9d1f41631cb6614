"""Converts coerced input values as Strawberry does; all that depends on the type alone is done once."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any

from strawberry.relay.types import GlobalID
from strawberry.schema.schema import Schema
from strawberry.types.arguments import _is_leaf_type, convert_argument
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import has_enum_definition
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info
from strawberry.types.unset import UNSET

Convert = Callable[[Any, Info[Any, Any]], Any]
_Path = tuple[str, ...]


class _Unknown(Exception):
    """A type that only Strawberry's own function converts, or that contains itself."""


def converter_of(schema: Schema, type_: Any, path: _Path) -> Convert | None:
    """The conversion of an argument of this type; None if values stay as they are. `path` is the argument's place, for
    types that build their own values."""
    try:
        return _Converting(schema, ()).converter(type_)
    except _Unknown:
        return _through_strawberry(schema, type_, path)


def _through_strawberry(schema: Schema, type_: Any, path: _Path) -> Convert:
    registry, config = schema.schema_converter.scalar_registry, schema.config

    def convert(value: Any, info: Info[Any, Any]) -> Any:
        return convert_argument(value, type_, registry, config, info, path=path)

    return convert


@dataclass(frozen=True, slots=True)
class _Converting:
    """Makes converters. `outer` are the input types around the present one. All methods raise _Unknown."""

    schema: Schema
    outer: tuple[type, ...]

    def converter(self, type_: Any) -> Convert | None:
        if type_ is not GlobalID and _is_leaf_type(type_, self.schema.schema_converter.scalar_registry):
            return None
        if has_enum_definition(type_):
            return None
        if type(type_) is StrawberryOptional:
            return self.converter(type_.of_type)
        if type(type_) is StrawberryList:
            return _list(self.converter(type_.of_type))
        if isinstance(type_, type) and has_object_definition(type_) and type_ not in self.outer:
            return self._object(type_, type_.__strawberry_definition__)
        raise _Unknown

    def _object(self, type_: type, definition: StrawberryObjectDefinition) -> Convert:
        if definition.from_input is not None or not definition.is_input:
            raise _Unknown
        inner = _Converting(self.schema, (*self.outer, type_))
        fields = [inner.field(definition, each) for each in definition.fields]
        missing = {each.python_name: None for each in definition.fields if _has_no_default(each)}
        return _object(type_, missing, fields)

    def field(self, definition: StrawberryObjectDefinition, field: StrawberryField) -> tuple[str, str, Convert | None]:
        """A field's name in GraphQL and in Python, and how its value is converted."""
        name = self.schema.config.name_converter.from_field(field)
        return name, field.python_name, self.converter(field.resolve_type(type_definition=definition))


def _has_no_default(field: StrawberryField) -> bool:
    return field.default_value is MISSING and field.default_factory is MISSING


def _list(item: Convert | None) -> Convert:
    def convert(value: Any, info: Info[Any, Any]) -> Any:
        if value is None or value is UNSET:
            return value
        return list(value) if item is None else [item(each, info) for each in value]

    return convert


def _object(type_: type, missing: dict[str, None], fields: list[tuple[str, str, Convert | None]]) -> Convert:
    def convert(value: Any, info: Info[Any, Any]) -> Any:
        if value is None or value is UNSET:
            return value
        members: dict[str, Any] = dict(missing)
        for name, python_name, each in fields:
            if name in value:
                members[python_name] = value[name] if each is None else each(value[name], info)
        return type_(**members)

    return convert
