"""GraphQL documents: parsed, limited and validated once, then cached."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
from api.compiled.plan import Plan
from api.cost import Costs
from api.limits import MOST_CHARACTERS, MOST_TOKENS, TooMuch, problem_with

UNKEEPABLE = "A text holds NUL or half of a surrogate pair, which cannot be kept."
_MOST_ERRORS = 4
_TOKENS_A_FIELD = 5
"""The size of one field of a plan, in tokens of a document."""
_TOO_DEEP = "The document is nested too deeply."


class KeepableTexts(ValidationRule):
    """Literal texts contain only characters that the database can store."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Checks one literal."""
        if has_unkeepable_text(node.value):
            self.report_error(GraphQLError(UNKEEPABLE, node))


_RULES = (*specified_rules, MaybeNullValidationRule, KeepableTexts)


@dataclass(slots=True)
class CacheState:
    """The part of a cached document that changes: the number of requests for it, the plans of its operations by name
    (None: graphql-core has to run it), the costs of operations that cost the same with any variables, and the tokens
    that the cache has counted for all of it."""

    requests: int = 0
    plans: dict[str | None, Plan | None] = field(default_factory=dict)
    costs: Costs = field(default_factory=dict)
    counted_tokens: int = 0

    @property
    def tokens(self) -> int:
        """The size of the plans, in tokens."""
        return _TOKENS_A_FIELD * sum(plan.size for plan in self.plans.values() if plan is not None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid document, or the errors that make it invalid."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    is_trusted: bool = False
    state: CacheState = field(default_factory=CacheState, compare=False)

    @property
    def tokens(self) -> int:
        """The size of the document and its plans, in tokens of about 400 bytes of memory."""
        own = self.document.token_count if self.document is not None else 0
        return own + self.state.tokens


@dataclass(slots=True)
class Documents:
    """Prepares documents against one schema and caches the valid ones that were used last: at most `most` documents of
    `most_tokens` tokens in all. A document of more than `longest` characters is not cached. `compile_after`
    is the number of requests for a document after which it is compiled.

    A large document removes several others, so a client that sends hundreds of them uses 16 MB of memory and not 100.
    """

    schema: GraphQLSchema
    most: int = 256
    most_tokens: int = 40_000
    longest: int = 16_384
    compile_after: int = 3
    _tokens: int = 0
    _cached: "OrderedDict[str, Prepared]" = field(default_factory=OrderedDict)
    _pinned: dict[str, Prepared] = field(default_factory=dict)

    def pin(self, text: str) -> Prepared:
        """Prepares a document now and, if it is valid, caches it until the process ends."""
        if pinned := self._pinned.get(text):
            return pinned
        prepared = replace(_prepare(self.schema, text), is_trusted=True)
        if not prepared.errors:
            self._pinned[text] = prepared
        return prepared

    def prepare(self, text: str) -> Prepared:
        """The document of a text. Parsing and validating the same text again costs nothing."""
        if pinned := self._pinned.get(text):
            return pinned
        prepared = self._cached.get(text) or _prepare(self.schema, text)
        prepared.state.requests += 1
        if not prepared.errors and len(text) <= self.longest:
            self._cache(text, prepared)
        return prepared

    def _cache(self, text: str, prepared: Prepared) -> None:
        """Caches it as the last one used, and counts the tokens that it has grown by since its last use."""
        self._cached[text] = prepared
        self._cached.move_to_end(text)
        self._tokens += prepared.tokens - prepared.state.counted_tokens
        prepared.state.counted_tokens = prepared.tokens
        while len(self._cached) > self.most or self._tokens > self.most_tokens:
            _, oldest = self._cached.popitem(last=False)
            self._tokens -= oldest.state.counted_tokens


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    """The cheap checks come first, so that refusing a document is never expensive."""
    if len(text) > MOST_CHARACTERS:
        return Prepared(None, (TooMuch(f"This document is longer than {MOST_CHARACTERS} characters."),))
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
    """The operation to run: the one that `name` names, or the only one; never just the first. A GraphQLError if there
    is none or, without a name, more than one."""
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
        """Runs before every other step of an operation."""
        self.execution_context.graphql_document = self.execution_context.context.document
        self.execution_context.pre_execution_errors = []
        yield
