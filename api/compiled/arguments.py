"""A field's arguments: literals are read once, variables are already coerced, the libraries read all others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import FieldNode, GraphQLArgument, GraphQLField, GraphQLNonNull, ValueNode, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.schema import Schema
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info
from strawberry.types.unset import UNSET

from api.compiled.converting import Convert, converter_of
from api.compiled.words import NOTHING, NotExpressible

Reader = Callable[[VariableValues], Any]

_ABSENT = object()
_SHARED = (str, int, float, bool, type(None), type(UNSET), datetime, date, time, UUID, Decimal, Enum)
"""Types whose values are immutable, so that all calls can share one value."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name in Python, how its value is read, and how Strawberry converts it (None: it does not)."""

    name: str
    read: Reader
    convert: Convert | None


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one field: values that are the same in each call, and arguments that are read in each call."""

    fixed: Mapping[str, Any]
    read: tuple[Argument, ...]

    def values(self, variables: VariableValues, info: Info[Any, Any]) -> dict[str, Any]:
        """The keyword arguments of the resolver. For an invalid value, raises the error that the libraries raise."""
        values = dict(self.fixed)
        for each in self.read:
            value = each.read(variables)
            if value is not _ABSENT:
                values[each.name] = value if each.convert is None else each.convert(value, info)
        return values


def core_arguments(definition: GraphQLField, node: FieldNode) -> Callable[[VariableValues], Mapping[str, Any]]:
    """Reads arguments as graphql-core does, for Strawberry's own resolver functions, which convert them."""
    if not definition.args:
        return lambda variables: NOTHING
    return lambda variables: get_argument_values(definition, node, variables)


def arguments_of(schema: Schema, field: StrawberryField, definition: GraphQLField, node: FieldNode) -> Arguments:
    """The arguments of a field at one place of an operation. Raises NotExpressible."""
    fixed: dict[str, Any] = {}
    read: list[Argument] = []
    for declared in field.arguments:
        name = schema.config.name_converter.from_argument(declared)
        argument = definition.args[name]
        if argument.out_name not in {None, name}:
            raise NotExpressible
        read_argument, convert = _reader(name, argument, definition, node), converter_of(schema, declared.type, (name,))
        made, given = Argument(declared.python_name, read_argument, convert), _value_node(node, name)
        if given is None and read_argument(VariableValues({}, {})) is _ABSENT:
            continue
        if not _add_fixed(made, given, fixed):
            read.append(made)
    return Arguments(fixed, tuple(read))


def _add_fixed(argument: Argument, node: ValueNode | None, fixed: dict[str, Any]) -> bool:
    """Adds the argument to `fixed` if each call gets the same value; returns whether that is so."""
    if argument.convert is not None or (node is not None and _has_variable(node)):
        return False
    value = argument.read(VariableValues({}, {}))
    if value is not _ABSENT:
        if not isinstance(value, _SHARED):
            return False
        fixed[argument.name] = value
    return True


def _has_variable(node: ValueNode) -> bool:
    if isinstance(node, VariableNode):
        return True
    inside = [*getattr(node, "values", ()), *(each.value for each in getattr(node, "fields", ()))]
    return any(_has_variable(each) for each in inside)


def _value_node(node: FieldNode, name: str) -> ValueNode | None:
    return next((each.value for each in node.arguments or () if each.name.value == name), None)


def _reader(name: str, argument: GraphQLArgument, definition: GraphQLField, node: FieldNode) -> Reader:
    """Reads one argument. If its value is a single variable, the value is coerced already."""
    alone = GraphQLField(definition.type, args={name: argument})
    given = _value_node(node, name)
    is_required = isinstance(argument.type, GraphQLNonNull)

    def read(variables: VariableValues) -> Any:
        return get_argument_values(alone, node, variables).get(name, _ABSENT)

    if not isinstance(given, VariableNode):
        return read
    variable = given.name.value

    def read_variable(variables: VariableValues) -> Any:
        value = variables.coerced.get(variable, _ABSENT)
        return read(variables) if value is _ABSENT or (value is None and is_required) else value

    return read_variable
