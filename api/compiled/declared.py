"""An operation's variables: their types are looked up once, and values are coerced as graphql-core does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from api.compiled.coercing import Coerce, ContainsItself, coercer_of
from api.compiled.words import NotExpressible


@dataclass(frozen=True, slots=True)
class DeclaredVariables:
    """The variables of one operation."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    signatures: Sequence[GraphQLVariableSignature]
    coercers: Sequence[Coerce]

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The coerced values; None if graphql-core has to say what is wrong with them."""
        if not self.signatures:
            return VariableValues({}, {})
        if not self.coercers or any(each.name not in given for each in self.signatures):
            return self._by_the_library(given)
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, coerce in zip(self.signatures, self.coercers, strict=True):
            value = given[signature.name]
            try:
                coerced[signature.name] = coerce(value)
            except Exception:  # graphql-core says what is wrong
                return None
            sources[signature.name] = VariableValueSource(signature, value)
        return VariableValues(sources, coerced)

    def _by_the_library(self, given: Mapping[str, Any]) -> VariableValues | None:
        values = get_variable_values(self.schema, self.operation.variable_definitions or (), dict(given))
        return values if isinstance(values, VariableValues) else None


def declared_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> DeclaredVariables:
    """The variables that a validated operation declares. Raises NotExpressible if the type of one is no input type."""
    signatures = [get_variable_signature(schema, each) for each in operation.variable_definitions or ()]
    if not all(isinstance(each, GraphQLVariableSignature) for each in signatures):
        raise NotExpressible
    return DeclaredVariables(schema, operation, signatures, _coercers(signatures))  # type: ignore[arg-type]


def _coercers(signatures: Sequence[Any]) -> Sequence[Coerce]:
    """How the values are coerced; none if the library has to do it."""
    try:
        return [coercer_of(each.type) for each in signatures]
    except ContainsItself:
        return []
