"""An operation's variables: their types are looked up once, and values are coerced as graphql-core does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode, Undefined
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_variable_values,
    input_is_nested_too_deeply,
)
from graphql.utilities import coerce_input_value

from api.compiled.words import NotExpressible


@dataclass(frozen=True, slots=True)
class DeclaredVariables:
    """The variables of one operation."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    signatures: Sequence[GraphQLVariableSignature]

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The coerced values; None if graphql-core has to say what is wrong with them."""
        if any(each.name not in given for each in self.signatures):
            return self._with_defaults(given)
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature in self.signatures:
            value = given[signature.name]
            if value is Undefined or input_is_nested_too_deeply(value, signature.type):
                return None
            coerced[signature.name] = each = coerce_input_value(value, signature.type)
            if each is Undefined:
                return None
            sources[signature.name] = VariableValueSource(signature, value)
        return VariableValues(sources, coerced)

    def _with_defaults(self, given: Mapping[str, Any]) -> VariableValues | None:
        values = get_variable_values(self.schema, self.operation.variable_definitions or (), dict(given))
        return values if isinstance(values, VariableValues) else None


def declared_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> DeclaredVariables:
    """The variables that a validated operation declares. Raises NotExpressible if the type of one is no input type."""
    signatures = [get_variable_signature(schema, each) for each in operation.variable_definitions or ()]
    if not all(isinstance(each, GraphQLVariableSignature) for each in signatures):
        raise NotExpressible
    return DeclaredVariables(schema, operation, signatures)  # type: ignore[arg-type]
