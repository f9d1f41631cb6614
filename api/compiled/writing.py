"""Makes the writers of an operation: one for each position, by its type."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    SelectionSetNode,
    is_leaf_type,
)
from strawberry.schema.schema import Schema

from api.compiled.abstract import Abstract
from api.compiled.calling import attribute_of, call_of
from api.compiled.collecting import Collecting
from api.compiled.columns import or_nulls
from api.compiled.fields import resolved_field
from api.compiled.flat import Attribute, FlatObject
from api.compiled.gates import Gate
from api.compiled.leaves import CONSTANT, NULL, LeafWriter, containing, leaf_writer, nullable
from api.compiled.objects import AnswerPart, WholeObject, segment
from api.compiled.positions import Position, RunWriter, column_of, in_run, of_attribute
from api.compiled.running import Site
from api.compiled.values import leaf_list, or_null, whole_list
from api.compiled.words import NotExpressible


@dataclass(slots=True)
class Writing:
    """Makes the writers of one operation, of at most `most` fields. Raises NotExpressible for anything else."""

    schema: Schema
    collecting: Collecting
    most: int
    size: int = 0
    _parts: dict[Any, list[AnswerPart]] = field(default_factory=dict)

    def parts(
        self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode], *, is_root: bool = False
    ) -> list[AnswerPart]:
        """The parts of the fields that are selected of a type; neighbouring attributes are one part."""
        known = (is_root, type_.name, *(id(each) for each in sets))
        if known not in self._parts:
            fields = self.collecting.fields(type_, sets).items()
            self._parts[known] = _merged([self._field(type_, *each, is_root=is_root) for each in fields])
        return self._parts[known]

    def _field(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode], *, is_root: bool
    ) -> Attribute | AnswerPart:
        self.size += 1
        name, head = nodes[0].name.value, f'"{key}":'
        if name == "__typename":
            return Attribute(f'{head}"{type_.name}"', "__class__", CONSTANT)
        if name.startswith("__") or self.size > self.most:
            raise NotExpressible
        site = Site(key, nodes, type_.fields[name], type_)
        attribute, position = attribute_of(site.definition), self._position(site, site.definition.type)
        if attribute is None:
            return AnswerPart(head, resolved_field(site, call_of(self.schema, site), in_run(position), is_root=is_root))
        if isinstance(position, LeafWriter):
            return Attribute(head, attribute, position)
        return AnswerPart(head, of_attribute(site, attribute, position.write), column=column_of(attribute, position))

    def _position(self, site: Site, type_: Any) -> Position:
        is_nullable = not isinstance(type_, GraphQLNonNull)
        inner: Any = type_ if is_nullable else type_.of_type
        if is_leaf_type(inner):
            return leaf_writer(inner, is_nullable=is_nullable)
        if isinstance(inner, GraphQLList):
            return self._list(site, inner, is_nullable=is_nullable)
        made = self._abstract(site, inner) if _is_abstract(inner) else self._object(site, inner)
        if not is_nullable:
            return made
        return _flat_or_null(made) if isinstance(made, LeafWriter) else or_null(made)

    def _list(self, site: Site, type_: GraphQLList[Any], *, is_nullable: bool) -> Position:
        item = self._position(site, type_.of_type)
        if isinstance(item, LeafWriter):
            return leaf_list(item, is_nullable=is_nullable)
        made = whole_list(item)
        return or_null(made) if is_nullable else made

    def _abstract(self, site: Site, type_: GraphQLUnionType | GraphQLInterfaceType) -> Position:
        possible = self.collecting.schema.get_possible_types(type_)
        abstract = Abstract(type_, site, {each.name: self._object(site, each) for each in possible})
        return RunWriter(abstract.write, abstract.many)

    def _object(self, site: Site, type_: GraphQLObjectType) -> Position:
        parts = self.parts(type_, [node.selection_set for node in site.nodes if node.selection_set is not None])
        gate = Gate(type_)
        alone = parts[0].leaf if len(parts) == 1 else None
        if alone is not None and not gate.checks_each_object:
            flat = FlatObject(gate, parts[0].attributes, alone)
            return LeafWriter(flat.write, flat.write, flat.many, flat)
        whole = WholeObject(parts, gate, site)
        return RunWriter(whole.write, ready=whole.ready)


def _merged(fields: Sequence[Attribute | AnswerPart]) -> list[AnswerPart]:
    parts: list[AnswerPart] = []
    read: list[Attribute] = []
    for each in fields:
        if isinstance(each, Attribute):
            read.append(each)
            continue
        if read:
            parts.append(_read_part(read))
            read = []
        parts.append(each)
    return [*parts, _read_part(read)] if read else parts


def _read_part(attributes: Sequence[Attribute]) -> AnswerPart:
    leaf = segment(attributes)
    return AnswerPart("", lambda source, run, place: leaf(source), leaf, attributes)


def _is_abstract(type_: Any) -> bool:
    return isinstance(type_, GraphQLUnionType | GraphQLInterfaceType)


def _flat_or_null(made: LeafWriter) -> LeafWriter:
    """A flat object in a nullable position."""
    write = containing(nullable(made.fast))
    return LeafWriter(write, write, or_nulls(made.many, NULL), made.flat)
