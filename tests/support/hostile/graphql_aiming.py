"""Changes operations so that their values name existing things, in the document or as variables."""

from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    IntValueNode,
    NameNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)

from tests.support.hostile.graphql_world import Known

_AIMED = 0.85
_OF_ROOT_FIELD = 6  # steps from the document to the selection set of its root field


class _Aim(Visitor):
    """Gives arguments and input fields values that name existing things, and a oneOf input exactly one field."""

    def __init__(self, types: TypeInfo, random: Random, known: Known) -> None:
        super().__init__()
        self.types, self.random, self.known = types, random, known

    def leave_argument(self, node: ArgumentNode, *_: Any) -> Node | None:
        return self._aimed(node)

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> Node | None:
        return self._aimed(node)

    def leave_object_value(self, node: ObjectValueNode, *_: Any) -> Node | None:
        type_ = get_named_type(self.types.get_input_type())
        if isinstance(type_, GraphQLInputObjectType) and type_.is_one_of and len(node.fields) > 1:
            return ObjectValueNode(fields=(self.random.choice(node.fields),))
        return None

    def leave_selection_set(self, node: SelectionSetNode, *where: Any) -> Node | None:
        if len(where[2]) != _OF_ROOT_FIELD:
            return None
        return SelectionSetNode(selections=(FieldNode(name=NameNode(value="__typename")), *node.selections))

    def _aimed(self, node: Any) -> Node | None:
        if self.random.random() > _AIMED:
            return None
        value = self.known.value(node.name.value, self.random)
        return None if value is None else type(node)(name=node.name, value=_written(value))


def _written(value: Any) -> ValueNode:
    if isinstance(value, bool):
        return BooleanValueNode(value=value)
    return IntValueNode(value=str(value)) if isinstance(value, int) else StringValueNode(value=value)


def aimed(random: Random, text: str, schema: GraphQLSchema, known: Known) -> str:
    """Returns the operation with values that mostly name existing things, and with __typename in its answer."""
    types = TypeInfo(schema)
    return print_ast(visit(parse(text), TypeInfoVisitor(types, _Aim(types, random, known))))


def with_variables(random: Random, text: str, schema: GraphQLSchema, known: Known) -> dict[str, Any]:
    """Returns a request with the same operation, with the arguments of its root field as variables."""
    document = parse(aimed(random, text, schema, known))
    operation: Any = document.definitions[0]
    field: FieldNode = operation.selection_set.selections[0]
    root_type = schema.get_root_type(operation.operation)
    assert root_type is not None
    arguments, given = root_type.fields[field.name.value].args, field.arguments or ()
    variables = {each.name.value: value_from_ast_untyped(each.value) for each in given if each.name.value in arguments}
    declared = ", ".join(f"${name}: {arguments[name].type}" for name in variables)
    passed = ", ".join(f"{name}: ${name}" for name in variables)
    inside = print_ast(field.selection_set) if field.selection_set else ""
    head = operation.operation.value + (f"({declared})" if declared else "")
    root = field.name.value + (f"({passed})" if passed else "")
    return {"query": f"{head} {{ {root} {inside} }}", "variables": variables}
