"""The manifest of trusted documents, in the format of Apollo's persisted query lists, and how it is made from files.

It is what `@apollo/generate-persisted-query-manifest` makes of the same files, byte for byte: fragments gathered,
`__typename` added as Apollo Client adds it, definitions sorted, printed; the id is the SHA-256 of that text.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    NameNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

FORMAT = "apollo-persisted-query-manifest"
_IDS_LONGEST = 200


class ManifestProblem(Exception):
    """Operations or a manifest that cannot be used; the sentence says which and why."""


def manifest_of(files: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of `.graphql` files by name. Raises ManifestProblem."""
    operations, fragments = _gathered(files)
    return {
        "format": FORMAT,
        "version": 1,
        "operations": [_entry(operations[name], fragments) for name in sorted(operations)],
    }


def _gathered(
    files: Mapping[str, str],
) -> tuple[dict[str, OperationDefinitionNode], dict[str, FragmentDefinitionNode]]:
    """All operations and fragments by name; a name is used once."""
    operations: dict[str, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for file, text in sorted(files.items()):
        for node in _definitions(file, text):
            if isinstance(node, OperationDefinitionNode) and node.name and node.name.value not in operations:
                operations[node.name.value] = node
            elif isinstance(node, FragmentDefinitionNode) and node.name.value not in fragments:
                fragments[node.name.value] = node
            else:
                raise ManifestProblem(f"{file}: it holds operations and fragments only, each with a name of its own.")
    return operations, fragments


def _definitions(file: str, text: str) -> Iterable[DefinitionNode]:
    try:
        return parse(text, no_location=True).definitions
    except GraphQLError as error:
        raise ManifestProblem(f"{file}: {error}") from None


def _entry(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> dict[str, str]:
    assert operation.name is not None
    used = _fragments_of(operation, fragments)
    document = DocumentNode(definitions=(operation, *(used[name] for name in sorted(used))))
    visit(document, NoObjects())
    body = print_ast(visit(document, AddTypename()))
    id_ = sha256(body.encode()).hexdigest()
    return {"id": id_, "name": operation.name.value, "type": operation.operation.value, "body": body}


def _fragments_of(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    """The fragments that an operation spreads, and those they spread. Raises ManifestProblem for an unknown one."""
    used: dict[str, FragmentDefinitionNode] = {}
    waiting = spreads_in(operation)
    while waiting:
        name = waiting.pop()
        if name not in fragments:
            raise ManifestProblem(f"There is no fragment {name}.")
        if name not in used:
            used[name] = fragments[name]
            waiting |= spreads_in(fragments[name])
    return used


def spreads_in(definition: DefinitionNode) -> set[str]:
    """The names of the fragments that a definition spreads."""
    found: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
            found.add(node.name.value)

    visit(definition, Spreads())
    return found


class NoObjects(Visitor):
    """No input object is written out: versions of graphql-js print `{a: 1}` differently, and so would hash it."""

    def enter_object_value(self, node: ObjectValueNode, *_: Any) -> None:
        """Raises ManifestProblem."""
        raise ManifestProblem(f"Use a variable instead of writing out {print_ast(node)}.")


class AddTypename(Visitor):
    """Asks for `__typename` last in every selection but an operation's own, unless it is there, like Apollo Client."""

    def enter_selection_set(self, node: SelectionSetNode, _key: Any, parent: Any, *_: Any) -> SelectionSetNode | None:
        """Adds it to one selection."""
        fields = [each.name.value for each in node.selections if isinstance(each, FieldNode)]
        if isinstance(parent, OperationDefinitionNode) or any(name.startswith("__") for name in fields):
            return None
        typename = FieldNode(name=NameNode(value="__typename"))
        return SelectionSetNode(selections=(*node.selections, typename))


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """A manifest as it is kept in a file."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def documents_in(text: str) -> dict[str, str]:
    """The documents of a manifest by id. Raises ManifestProblem."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise ManifestProblem(f"The manifest is not JSON: {error}.") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT or told.get("version") != 1:
        raise ManifestProblem(f'The manifest is not one of "format": "{FORMAT}", "version": 1.')
    operations = told.get("operations")
    if not isinstance(operations, list) or not all(_is_entry(each) for each in operations):
        raise ManifestProblem("Every operation of the manifest has an id, a name, a type and a body, all texts.")
    documents = {each["id"].removeprefix("sha256:"): each["body"] for each in operations}
    if len(documents) != len(operations):
        raise ManifestProblem("Two operations of the manifest have the same id.")
    return documents


def _is_entry(told: object) -> bool:
    return (
        isinstance(told, dict)
        and all(isinstance(told.get(name), str) and told[name] for name in ("id", "name", "type", "body"))
        and len(told["id"]) <= _IDS_LONGEST
    )
