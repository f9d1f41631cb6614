"""GraphQL documents: parsed, limited and validated once, then kept."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    StringValueNode,
    ValidationRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from api.bodies import has_unkeepable_text
from api.limits import MOST_TOKENS, TooMuch, problem_with

UNKEEPABLE = "A text holds NUL or half of a surrogate pair, which cannot be kept."
_MOST_ERRORS = 4
_TOO_DEEP = "The document is nested too deeply."


class KeepableTexts(ValidationRule):
    """Literal texts hold nothing that a database cannot keep."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Looks at one literal."""
        if has_unkeepable_text(node.value):
            self.report_error(GraphQLError(UNKEEPABLE, node))


_RULES = (*specified_rules, MaybeNullValidationRule, KeepableTexts)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, or what is wrong with it."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()


@dataclass(slots=True)
class Documents:
    """Prepares documents against one schema and keeps the sound ones that came last."""

    schema: GraphQLSchema
    most: int = 256
    longest: int = 16_384
    _kept: "OrderedDict[str, Prepared]" = field(default_factory=OrderedDict)
    _pinned: dict[str, Prepared] = field(default_factory=dict)

    def pin(self, text: str) -> Prepared:
        """Prepares a document now and keeps it for as long as the process lives, if it is sound."""
        prepared = self.prepare(text)
        if not prepared.errors:
            self._pinned[text] = prepared
        return prepared

    def prepare(self, text: str) -> Prepared:
        """The document of a text. Parsing and validating the same text again costs nothing."""
        if pinned := self._pinned.get(text):
            return pinned
        if kept := self._kept.get(text):
            self._kept.move_to_end(text)
            return kept
        prepared = _prepare(self.schema, text)
        if not prepared.errors and len(text) <= self.longest:
            self._kept[text] = prepared
            if len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return prepared


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    """The cheap checks come first, so that no document is too expensive to be refused."""
    try:
        document = parse(text, max_tokens=MOST_TOKENS)
        problem = problem_with(document)
        errors = [problem] if problem else validate(schema, document, _RULES, max_errors=_MOST_ERRORS)
    except GraphQLError as error:
        return Prepared(None, (error,))
    except RecursionError:
        return Prepared(None, (TooMuch(_TOO_DEEP),))
    return Prepared(document, tuple(errors))


def chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | GraphQLError:
    """The operation to run: the only one, or the one that is named; never just the first."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name is not None and node.name.value == name]
        if not operations:
            return GraphQLError("The document has no operation of the name given as `operationName`.")
    if not operations:
        return GraphQLError("The document holds no operation.")
    if len(operations) > 1:
        return GraphQLError("The document holds several operations: say which one with `operationName`.")
    return operations[0]


class PreparedDocument(SchemaExtension):
    """Hands the library the document that the endpoint prepared, so that it is not parsed and validated again."""

    def on_operation(self) -> Iterator[None]:
        """Before anything else of an operation."""
        self.execution_context.graphql_document = self.execution_context.context.document
        self.execution_context.pre_execution_errors = []
        yield
