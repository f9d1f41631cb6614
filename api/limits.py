"""How large a GraphQL document may be: looked at once per fragment, so that looking is never the attack.

Walking a fragment anew at each of its spreads doubles the work at every level; each fragment's size is kept instead.
"""

from collections import Counter
from collections.abc import Iterator
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

MOST_TOKENS = 2000
_DEEPEST = 15
_MOST_FIELDS = 3000
_MOST_ALIASES = 100
_MOST_REPEATS = 30


@dataclass(frozen=True, slots=True)
class Size:
    """How deep a selection goes, and how many fields and aliases it has with all its fragments written out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both next to each other."""
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
        """Introspection is as deep as tools ask for; the library bounds it by itself."""
        within = Size() if node.name.value.startswith("__") else self.of(node.selection_set)
        return Size(within.depth + 1, within.fields + 1, within.aliases + (node.alias is not None))

    def _of_fragment(self, name: str) -> Size:
        """A fragment's size, found once; one that is unknown or spreads itself is validation's to refuse."""
        if name not in self._known and name in self.fragments:
            self._known[name] = Size()
            self._known[name] = self.of(self.fragments[name].selection_set)
        return self._known.get(name, Size())


def problem_with(document: DocumentNode) -> GraphQLError | None:
    """What is too much in a document, or None."""
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    measure = _Measure({fragment.name.value: fragment for fragment in fragments})
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    for node in operations:
        if sentence := _too_large(measure.of(node.selection_set)):
            return GraphQLError(sentence, node)
    for definition in (*operations, *fragments):
        if any(_repeats(selections) > _MOST_REPEATS for selections in _selection_sets(definition.selection_set)):
            return GraphQLError(f"One selection names a field more than {_MOST_REPEATS} times.", definition)
    return None


def _too_large(size: Size) -> str | None:
    if size.depth > _DEEPEST:
        return f"This operation is {size.depth} levels deep; at most {_DEEPEST} are answered."
    if size.fields > _MOST_FIELDS:
        return f"This operation asks for more than {_MOST_FIELDS} fields."
    if size.aliases > _MOST_ALIASES:
        return f"This operation has {size.aliases} aliases; at most {_MOST_ALIASES} are answered."
    return None


def _selection_sets(selections: SelectionSetNode | None) -> Iterator[SelectionSetNode]:
    if selections is None:
        return
    yield selections
    for selection in selections.selections:
        if isinstance(selection, FieldNode | InlineFragmentNode):
            yield from _selection_sets(selection.selection_set)


def _repeats(selections: SelectionSetNode) -> int:
    keys = Counter((node.alias or node.name).value for node in selections.selections if isinstance(node, FieldNode))
    return max(keys.values(), default=0)
