"""The manifest of trusted documents, in the format of Apollo's persisted query lists: writing and reading it.

What we write is byte for byte the manifest that `@apollo/generate-persisted-query-manifest` writes for the same files:
fragments are collected, `__typename` is added as Apollo Client adds it, definitions are sorted and printed. The id of a
document is the SHA-256 of that text. The plain format `{id: text}` of graphql-codegen, Relay and yoga is read, too.
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
_LONGEST_ID = 200


class ManifestProblem(Exception):
    """Operations or a manifest that cannot be used; the message names them and the reason."""


def manifest_of(files: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of `.graphql` files by name. Raises ManifestProblem."""
    operations, fragments = _collected(files)
    return {
        "format": FORMAT,
        "version": 1,
        "operations": [_entry(operations[name], fragments) for name in sorted(operations)],
    }


def _collected(
    files: Mapping[str, str],
) -> tuple[dict[str, OperationDefinitionNode], dict[str, FragmentDefinitionNode]]:
    """All operations and fragments by name. Raises ManifestProblem if a name is used twice."""
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
    names: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
            names.add(node.name.value)

    visit(definition, Spreads())
    return names


class NoObjects(Visitor):
    """Refuses input objects as literals: versions of graphql-js print `{a: 1}` differently, so the ids would differ."""

    def enter_object_value(self, node: ObjectValueNode, *_: Any) -> None:
        """Raises ManifestProblem."""
        raise ManifestProblem(f"Use a variable instead of writing out {print_ast(node)}.")


class AddTypename(Visitor):
    """Adds `__typename` at the end of each selection without it, except an operation's own, as Apollo Client does."""

    def enter_selection_set(self, node: SelectionSetNode, _key: Any, parent: Any, *_: Any) -> SelectionSetNode | None:
        """Adds `__typename` to one selection."""
        fields = [each.name.value for each in node.selections if isinstance(each, FieldNode)]
        if isinstance(parent, OperationDefinitionNode) or any(name.startswith("__") for name in fields):
            return None
        typename = FieldNode(name=NameNode(value="__typename"))
        return SelectionSetNode(selections=(*node.selections, typename))


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """The text of a manifest's file."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def documents_in(text: str) -> dict[str, str]:
    """The documents of a manifest by id, in Apollo's format or as plain `{id: text}`. Raises ManifestProblem."""
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise ManifestProblem(f"The manifest is not JSON: {error}.") from None
    if isinstance(manifest, dict) and manifest and "format" not in manifest:
        return _by_id(manifest.items())
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or manifest.get("version") != 1:
        raise ManifestProblem(
            f'The manifest is neither one of "format": "{FORMAT}", "version": 1, nor plain {{id: text}}.'
        )
    operations = manifest.get("operations")
    if not isinstance(operations, list) or not all(_is_entry(each) for each in operations):
        raise ManifestProblem("Every operation of the manifest has an id, a name, a type and a body, all texts.")
    return _by_id((each["id"], each["body"]) for each in operations)


def _by_id(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The documents by id, without the prefix `sha256:`. Raises ManifestProblem."""
    documents: dict[str, str] = {}
    for name, text in pairs:
        id_ = name.removeprefix("sha256:")
        if not 0 < len(id_) <= _LONGEST_ID or not isinstance(text, str) or not text:
            raise ManifestProblem(
                f"Every document of the manifest is a text with an id of 1 to {_LONGEST_ID} characters."
            )
        if id_ in documents:
            raise ManifestProblem("Two operations of the manifest have the same id.")
        documents[id_] = text
    return documents


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(name), str) and entry[name] for name in ("id", "name", "type", "body")
    )
