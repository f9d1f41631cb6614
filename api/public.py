"""Queries that have the same answer for everyone: which they are, and how caches may keep their answers."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.schema.root_fields import PUBLIC, declared

_KEPT = {
    "cache-control": "public, max-age=60",
    "vary": "accept, accept-language, accept-encoding",
}


def is_for_everyone(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether all root fields of a validated query are declared public, so that its answer depends on no caller."""
    assert schema.query_type is not None
    fields = schema.query_type.fields
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    names = set(_root_names(operation.selection_set, fragments)) - {"__typename"}
    return bool(names) and all(name in fields and declared(fields[name]).get(PUBLIC) for name in names)


def _root_names(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            yield from _root_names(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _root_names(fragments[node.name.value].selection_set, fragments)


def without_budget(body: Mapping[str, Any]) -> dict[str, Any]:
    """A public answer's body: its cost is the same for everyone, what is left of the caller's budget is not."""
    return {**body, "extensions": {"cost": body["extensions"]["cost"]}}


def cached_headers(body: bytes) -> dict[str, str]:
    """The headers of a public answer. Its tag is weak, because the compressed answer has the same one."""
    return {"etag": f'W/"{sha256(body).hexdigest()[:32]}"', **_KEPT}


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client holds the answer with this tag already (RFC 9110 §13.1.2)."""
    known = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return "*" in known or etag.removeprefix("W/") in known
