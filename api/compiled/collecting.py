"""The fields that an operation selects of an object type, with fragments merged and @skip and @include decided."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from api.compiled.words import NotExpressible

SelectedFields = dict[str, list[FieldNode]]
"""The field nodes of each key of the answer, in the order of the answer."""


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """A document's fragments by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def conditions_of(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    """The variables of @skip and @include, sorted. Raises NotExpressible for any other directive."""
    if operation.directives or any(each.variable_definitions for each in fragments.values()):
        raise NotExpressible
    sets = [operation.selection_set, *(each.selection_set for each in fragments.values())]
    declared = {each.variable.name.value for each in operation.variable_definitions or ()}
    used = {name for each in sets for name in _conditions_in(each)}
    return sorted(used & declared)


def _conditions_in(selected: SelectionSetNode) -> Iterator[str]:
    for node in selected.selections:
        for directive in node.directives or ():
            value = _condition(directive)
            if isinstance(value, VariableNode):
                yield value.name.value
        inside = getattr(node, "selection_set", None)
        if inside is not None:
            yield from _conditions_in(inside)


def _condition(directive: DirectiveNode) -> BooleanValueNode | VariableNode:
    """Raises NotExpressible for a directive that is neither @skip nor @include."""
    if directive.name.value in {"skip", "include"} and directive.arguments:
        value = directive.arguments[0].value
        if isinstance(value, BooleanValueNode | VariableNode):
            return value
    raise NotExpressible


@dataclass(frozen=True, slots=True)
class Collecting:
    """Collects the fields of one operation, for one value of each variable in its conditions."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: Mapping[str, bool]

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> SelectedFields:
        """The fields that the selection sets of one place select of this type; a fragment counts once."""
        found: SelectedFields = {}
        visited: set[str] = set()
        for each in sets:
            self._collect(type_, each.selections, found, visited)
        return found

    def _collect(
        self, type_: GraphQLObjectType, nodes: Sequence[SelectionNode], found: SelectedFields, visited: set[str]
    ) -> None:
        for node in nodes:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            fragment = self._fragment(node, visited)
            if fragment is not None and self._fits(fragment, type_):
                visited.add(fragment.name.value if isinstance(fragment, FragmentDefinitionNode) else "")
                self._collect(type_, fragment.selection_set.selections, found, visited)

    def _fragment(self, node: SelectionNode, visited: set[str]) -> InlineFragmentNode | FragmentDefinitionNode | None:
        """The fragment that a node spreads; None if it was met before."""
        if isinstance(node, InlineFragmentNode):
            return node
        name: str = getattr(node, "name").value  # noqa: B009 - all that is left is a spread
        return None if name in visited else self.fragments[name]

    def _fits(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        wanted = self.schema.type_map[fragment.type_condition.name.value]
        return wanted is type_ or (is_abstract_type(wanted) and self.schema.is_sub_type(wanted, type_))

    def _is_included(self, node: SelectionNode) -> bool:
        return all(self._holds(each) == (each.name.value == "include") for each in node.directives or ())

    def _holds(self, directive: DirectiveNode) -> bool:
        value = _condition(directive)
        return value.value if isinstance(value, BooleanValueNode) else self.conditions[value.name.value]
