"""Error messages for invalid variables in the terms of GraphQL and JSON; the library's own messages show Python."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    is_non_null_type,
    type_from_ast,
)
from graphql.pyutils import Undefined, inspect, print_path_list
from graphql.utilities import validate_input_value

_LONGEST = 60
_MOST_ERRORS = 20
_WHY_PYTHON_DOES_NOT = re.compile(r", but encountered error '.*?'(?=; found)", re.DOTALL)


class _Enough(Exception):
    """One variable has so many errors that more would not help."""


def printed_value(value: object) -> str:
    """A value as a client wrote it, in JSON, cut after 60 characters."""
    text = ""
    for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
        text += piece[: _LONGEST + 1]
        if len(text) > _LONGEST:
            return f"{text[:_LONGEST]}…"
    return text


def variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[GraphQLError]:
    """The errors of a request's variables, each with the path to it; empty if all are valid."""
    return [
        error
        for definition in operation.variable_definitions or ()
        for error in _errors_of(schema, definition, variables.get(definition.variable.name.value, Undefined))
    ]


def are_of_variables(errors: Sequence[GraphQLError]) -> bool:
    """Whether nothing was run because of invalid variables.

    The first error decides: the last of too many errors names no variable.
    """
    nodes = errors[0].nodes
    return nodes is not None and isinstance(nodes[0], VariableDefinitionNode)


def _errors_of(schema: GraphQLSchema, definition: VariableDefinitionNode, value: object) -> list[GraphQLError]:
    type_ = type_from_ast(schema, definition.type)
    if value is Undefined and (definition.default_value is not None or not is_non_null_type(type_)):
        return []
    errors: list[GraphQLError] = []

    def note(error: GraphQLError, path: list[str | int]) -> None:
        start = f"Variable '${definition.variable.name.value}' has invalid value{print_path_list(path)}"
        errors.append(GraphQLError(f"{start}: {_reworded(error.message, _at(value, path))}", definition))
        if len(errors) == _MOST_ERRORS:
            raise _Enough

    with suppress(_Enough):
        validate_input_value(value, _as_input(type_), note)
    return errors


def _as_input(type_: Any) -> GraphQLInputType:
    """The type of a variable as an input type; validation of the document has already checked that."""
    input_type: GraphQLInputType = type_
    return input_type


def _at(value: Any, path: Sequence[str | int]) -> Any:
    """The part of a value at a path that the library reported."""
    for step in path:
        value = value[step]
    return value


def _reworded(message: str, value: object) -> str:
    """The library's message, with the value as JSON instead of Python."""
    return message if value is Undefined else in_graphql_words(message.replace(inspect(value), printed_value(value)))


def in_graphql_words(message: str) -> str:
    """The library's message with `null` instead of `None`, and without Python's reason for an unreadable number."""
    return _WHY_PYTHON_DOES_NOT.sub("", message).replace("not to be None", "not to be null")
