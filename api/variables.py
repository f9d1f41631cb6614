"""Variables that cannot be read, told in GraphQL's and JSON's words: the library's own messages are Python's."""

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
    """So many errors of one variable say it."""


def written(value: object) -> str:
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
    """What is wrong with the variables of a request, each with the way to it; none where all can be read."""
    return [
        error
        for definition in operation.variable_definitions or ()
        for error in _errors_of(schema, definition, variables.get(definition.variable.name.value, Undefined))
    ]


def are_of_variables(errors: Sequence[GraphQLError]) -> bool:
    """Whether nothing was run, for the values of variables; the last of too many errors says only that."""
    nodes = errors[0].nodes
    return nodes is not None and isinstance(nodes[0], VariableDefinitionNode)


def _errors_of(schema: GraphQLSchema, definition: VariableDefinitionNode, value: object) -> list[GraphQLError]:
    type_ = type_from_ast(schema, definition.type)
    if value is Undefined and (definition.default_value is not None or not is_non_null_type(type_)):
        return []
    found: list[GraphQLError] = []

    def note(error: GraphQLError, path: list[str | int]) -> None:
        way = f"Variable '${definition.variable.name.value}' has invalid value{print_path_list(path)}"
        found.append(GraphQLError(f"{way}: {_reworded(error.message, _at(value, path))}", definition))
        if len(found) == _MOST_ERRORS:
            raise _Enough

    with suppress(_Enough):
        validate_input_value(value, _as_input(type_), note)
    return found


def _as_input(type_: Any) -> GraphQLInputType:
    """Documents are validated before: a variable's type is known, and one of inputs."""
    input_type: GraphQLInputType = type_
    return input_type


def _at(value: Any, path: Sequence[str | int]) -> Any:
    """What is at a path that the library found in a value."""
    for step in path:
        value = value[step]
    return value


def _reworded(message: str, value: object) -> str:
    """The library's message with the value as JSON, wherever it shows Python's form of it."""
    return message if value is Undefined else in_graphql_words(message.replace(inspect(value), written(value)))


def in_graphql_words(message: str) -> str:
    """The library's sentence about a null that may be none, and about a number that Python would not read."""
    return _WHY_PYTHON_DOES_NOT.sub("", message).replace("not to be None", "not to be null")
