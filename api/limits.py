"""Limits on the size of a GraphQL document. Each fragment is measured once, so that measuring is cheap.

Walking a fragment again at each of its spreads would double the work at every level, and would itself be an attack.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

MOST_CHARACTERS = 32_768
MOST_TOKENS = 2000
_DEEPEST = 15
_MOST_FIELDS = 3000
_MOST_ALIASES = 100
_MOST_REPEATS = 20


class TooMuch(GraphQLError):
    """A document that is over a limit; the message names the limit."""


@dataclass(frozen=True, slots=True)
class Size:
    """The depth of a selection, and its number of fields and aliases with all fragments written out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: "Size") -> "Size":
        """The size of two selections next to each other."""
        return Size(max(self.depth, other.depth), self.fields + other.fields, self.aliases + other.aliases)


@dataclass(slots=True)
class _Measure:
    fragments: dict[str, FragmentDefinitionNode]
    _known: dict[str, Size] = field(default_factory=dict)

    def of(self, selections: SelectionSetNode | None) -> Size:
        size = Size()
        for selection in selections.selections if selections else ():
            size = size.beside(self._of_one(selection))
        return size

    def _of_one(self, selection: SelectionNode) -> Size:
        if isinstance(selection, FieldNode):
            return self._of_field(selection)
        if isinstance(selection, InlineFragmentNode):
            return self.of(selection.selection_set)
        assert isinstance(selection, FragmentSpreadNode)
        return self._of_fragment(selection.name.value)

    def _of_field(self, node: FieldNode) -> Size:
        """Introspection counts as one field, because tools need it deep; the library limits it by itself."""
        within = Size() if node.name.value.startswith("__") else self.of(node.selection_set)
        return Size(within.depth + 1, within.fields + 1, within.aliases + (node.alias is not None))

    def _of_fragment(self, name: str) -> Size:
        """A fragment's size, measured once. Validation refuses fragments that are unknown or spread themselves."""
        if name not in self._known and name in self.fragments:
            self._known[name] = Size()
            self._known[name] = self.of(self.fragments[name].selection_set)
        return self._known.get(name, Size())


def problem_with(document: DocumentNode) -> TooMuch | None:
    """The first limit that a document exceeds, or None."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    for operation in operations:
        if sentence := _too_large(measure.of(operation.selection_set)):
            return TooMuch(sentence, operation)
    seen: set[str] = set()
    for definition in (*operations, *fragments.values()):
        if isinstance(definition, FragmentDefinitionNode) and definition.name.value in seen:
            continue
        is_operation = isinstance(definition, OperationDefinitionNode)
        if _most_in_one_place(definition.selection_set, fragments, seen, is_operation=is_operation) > _MOST_REPEATS:
            return TooMuch(f"A field is asked for more than {_MOST_REPEATS} times in one place.", definition)
    return None


def _too_large(size: Size) -> str | None:
    if size.depth > _DEEPEST:
        return f"This operation is {size.depth} levels deep; at most {_DEEPEST} are answered."
    if size.fields > _MOST_FIELDS:
        return f"This operation asks for more than {_MOST_FIELDS} fields."
    if size.aliases > _MOST_ALIASES:
        return f"This operation has {size.aliases} aliases; at most {_MOST_ALIASES} are answered."
    return None


def _most_in_one_place(
    selections: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    seen: set[str],
    *,
    is_operation: bool,
) -> int:
    """The highest number of times that one field is selected in one place of the answer. A root field of an operation
    counts under its own name, too: with an alias for each, one request could guess a hundred codes.

    Adds the fragments it meets to `seen`. Validation compares all these fields with each other, so this limits its
    work. The walk itself is limited too: it ends after 3,000 fields and then returns their number.
    """
    counted: Counter[tuple[str, ...]] = Counter()
    waiting: list[tuple[tuple[str, ...], SelectionSetNode | None, frozenset[str]]] = [((), selections, frozenset())]
    steps = 0
    while waiting and steps <= _MOST_FIELDS:
        path, within, inside = waiting.pop()
        for node in within.selections if within else ():
            steps += 1
            if isinstance(node, FieldNode):
                place = (*path, (node.alias or node.name).value)
                counted[place] += 1
                if is_operation and not path:
                    counted["", node.name.value] += 1
                waiting.append((place, node.selection_set, inside))
            elif isinstance(node, InlineFragmentNode):
                waiting.append((path, node.selection_set, inside))
            elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments.keys() - inside:
                name = node.name.value
                seen.add(name)
                waiting.append((path, fragments[name].selection_set, inside | {name}))
    return steps if steps > _MOST_FIELDS else max(counted.values(), default=0)
