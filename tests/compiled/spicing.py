"""Makes a valid operation harder: variables for literals, fragments, conditions, repeated fields, `__typename`."""

import random
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    parse_type,
    print_ast,
    value_from_ast_untyped,
    visit,
)


@dataclass(frozen=True)
class Spiced:
    """A document and the values of its variables."""

    document: DocumentNode
    variables: dict[str, Any]


def spiced(schema: GraphQLSchema, text: str, seed: int) -> Spiced:
    """A variant of the operation, parsed from its text like a client's."""
    document, info = parse(text), TypeInfo(schema)
    spicing = Spicing(random.Random(seed), info)
    changed = visit(document, TypeInfoVisitor(info, spicing))
    operation = next(each for each in changed.definitions if isinstance(each, OperationDefinitionNode))
    declared = with_definitions(operation, spicing)
    return Spiced(parse(print_ast(DocumentNode(definitions=(declared, *spicing.fragments)))), spicing.values)


def with_definitions(operation: OperationDefinitionNode, spicing: "Spicing") -> OperationDefinitionNode:
    """The operation with the variables that it uses now."""
    return replace(operation, variable_definitions=(*(operation.variable_definitions or ()), *spicing.definitions))


class Spicing(Visitor):
    """Changes one document, and collects its new fragments, variables and their values."""

    def __init__(self, chosen: random.Random, info: TypeInfo) -> None:
        super().__init__()
        self.chosen, self.info = chosen, info
        self.fragments: list[FragmentDefinitionNode] = []
        self.definitions: list[VariableDefinitionNode] = []
        self.values: dict[str, Any] = {}

    def is_chosen(self, one_in: int) -> bool:
        """True once in so many calls, by chance."""
        return self.chosen.randrange(one_in) == 0

    def enter_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        """A literal becomes a variable with a value, with a default, or with none at all."""
        type_ = self.info.get_input_type()
        if type_ is None or self.info.get_directive() is not None or not self.is_chosen(3):
            return None
        name = self.variable(str(type_), node.value if self.is_chosen(3) else None)
        if self.definitions[-1].default_value is None:
            self.values[name] = value_from_ast_untyped(node.value)
        return ArgumentNode(name=node.name, value=VariableNode(name=NameNode(value=name)))

    def variable(self, type_: str, default: Any = None) -> str:
        """Defines a new variable and returns its name."""
        name = f"v{len(self.definitions)}"
        self.definitions.append(
            VariableDefinitionNode(
                variable=VariableNode(name=NameNode(value=name)), type=parse_type(type_), default_value=default,
                directives=(),
            )
        )  # fmt: skip
        return name

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        """Puts some selections into fragments, under conditions or in twice, and adds `__typename`."""
        parent = self.info.get_parent_type()
        assert parent is not None
        selections = [self.conditional(self.wrapped(each, parent.name)) for each in node.selections]
        selections += [each for each in node.selections if self.is_chosen(6)]
        if self.is_chosen(4):
            alias = NameNode(value="kind_") if self.is_chosen(2) else None
            selections.append(FieldNode(name=NameNode(value="__typename"), alias=alias, directives=(), arguments=()))
        return SelectionSetNode(selections=tuple(selections))

    def wrapped(self, node: SelectionNode, parent: str) -> SelectionNode:
        """Sometimes within a fragment."""
        if not self.is_chosen(5):
            return node
        inside = SelectionSetNode(selections=(node,))
        condition = NamedTypeNode(name=NameNode(value=parent))
        if self.is_chosen(2):
            return InlineFragmentNode(
                type_condition=condition if self.is_chosen(2) else None, directives=(), selection_set=inside
            )
        name = NameNode(value=f"F{len(self.fragments)}")
        self.fragments.append(
            FragmentDefinitionNode(name=name, type_condition=condition, directives=(), selection_set=inside)
        )
        return FragmentSpreadNode(name=name, directives=())

    def conditional(self, node: SelectionNode) -> SelectionNode:
        """Sometimes skipped or included, by a literal or by one of three variables."""
        if not self.is_chosen(7):
            return node
        name, is_true = self.chosen.choice(["skip", "include"]), self.is_chosen(2)
        value: Any = BooleanValueNode(value=is_true)
        if self.is_chosen(2):
            value = VariableNode(name=NameNode(value=self.condition(is_true)))
        argument = ArgumentNode(name=NameNode(value="if"), value=value)
        return replace(node, directives=(DirectiveNode(name=NameNode(value=name), arguments=(argument,)),))

    def condition(self, is_true: bool) -> str:
        """A variable of a condition: a new one, or one of those there are."""
        known = [name for name, value in self.values.items() if isinstance(value, bool)]
        if len(known) >= 3:
            return self.chosen.choice(known)
        name = self.variable("Boolean!")
        self.values[name] = is_true
        return name
