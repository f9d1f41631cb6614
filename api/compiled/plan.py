"""Plans: an operation's writers, made once for each combination of its conditions, and run for each request."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLObjectType, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import Schema

from api.compiled.collecting import Collecting, conditions_of, fragments_of
from api.compiled.declared import declared_variables
from api.compiled.objects import AnswerPart, WholeObject
from api.compiled.replaying import Incomplete, Outcomes, ReplayingExecutor
from api.compiled.running import Operation, PlanRun
from api.compiled.words import NotExpressible
from api.compiled.writing import Writing

_MOST_FIELDS = 1_000
_MOST_VARIANTS = 8
_MOST_MISFITS = 3


@dataclass(slots=True)
class Plan:
    """The compiled form of one operation. `size` is the number of fields it has made writers for; `_misfits` counts
    executions in which a value or a variant was not expressible."""

    schema: Schema
    operation: Operation
    conditions: list[str]
    size: int = 0
    _misfits: int = 0
    _made: int = 0
    _variants: "OrderedDict[tuple[object, ...], list[AnswerPart]]" = field(default_factory=OrderedDict)

    @property
    def fits(self) -> bool:
        """Whether the plan is still used: it is given up after three executions with something it cannot write."""
        return self._misfits < _MOST_MISFITS

    async def execute(self, context: Any, variables: Mapping[str, Any] | None, root: Any = None) -> str | Incomplete:
        """The JSON of the answer's `data`; or Incomplete if graphql-core has to complete it, within `replaying`."""
        coerced = self.operation.declared.values(variables or {})
        if coerced is None:
            return Incomplete(Outcomes())
        try:
            parts = self._parts(coerced)
        except (NotExpressible, RecursionError):
            self._misfits += 1
            return Incomplete(Outcomes())
        run = PlanRun(self.operation, root, context, coerced)
        text = await self._run(parts, run)
        self._misfits += run.misfit
        return Incomplete(run.outcomes) if run.failed else text

    async def _run(self, parts: list[AnswerPart], run: PlanRun) -> str:
        """The JSON of `data`; of no use once the run has failed."""
        run.outcomes.begin_recording()
        try:
            if self.operation.node.operation is OperationType.MUTATION:
                return await _one_after_another(parts, run)
            text = WholeObject(parts).write(run.root, run, None)
            return text if isinstance(text, str) else await text
        except Exception as error:
            run.note(error)
            return ""

    def _parts(self, variables: VariableValues) -> list[AnswerPart]:
        """The parts for these values of the conditions. Raises NotExpressible."""
        values = tuple(variables.coerced.get(name) for name in self.conditions)
        parts = self._variants.get(values)
        if parts is None:
            parts = self._make(dict(zip(self.conditions, values, strict=True)))
            self._variants[values] = parts
        return parts

    def _make(self, conditions: Mapping[str, Any]) -> list[AnswerPart]:
        if len(self._variants) >= _MOST_VARIANTS or not all(isinstance(each, bool) for each in conditions.values()):
            raise NotExpressible
        schema, node = self.operation.schema, self.operation.node
        root = schema.get_root_type(node.operation)
        assert isinstance(root, GraphQLObjectType)
        writing = Writing(self.schema, Collecting(schema, self.operation.fragments, conditions), _MOST_FIELDS)
        parts = writing.parts(root, [node.selection_set], is_root=True)
        self.size += writing.size
        return parts


async def _one_after_another(parts: list[AnswerPart], run: PlanRun) -> str:
    """Writes a mutation's fields one by one. After a failure it starts no further field: graphql-core runs those."""
    texts: list[str] = []
    for part in parts:
        text = part.write(run.root, run, None)
        texts.append(part.head + (text if isinstance(text, str) else await text))
        if run.failed:
            return ""
    return "{" + ",".join(texts) + "}"


def compile_operation(
    schema: Schema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    without: Collection[type[SchemaExtension]] = (),
) -> Plan | None:
    """The plan of a validated query or mutation; None if graphql-core has to run it.

    A plan calls no schema extension, so a schema with extensions other than those in `without` gets no plans.
    """
    if not _is_plain(schema, without) or operation.operation is OperationType.SUBSCRIPTION:
        return None
    fragments = fragments_of(document)
    try:
        declared = declared_variables(schema._schema, operation)
        shared = Operation(schema._schema, operation, fragments, declared)
        plan = Plan(schema, shared, conditions_of(operation, fragments))
        if not plan.conditions:
            plan._parts(VariableValues({}, {}))
    except (NotExpressible, RecursionError):
        return None
    return plan


def _is_plain(schema: Schema, without: Collection[type[SchemaExtension]]) -> bool:
    """Whether a plan runs everything that the schema would run, and its executor can replay outcomes."""
    is_replaying = issubclass(schema.execution_context_class, ReplayingExecutor)
    return is_replaying and not schema.directives and all(each in without for each in schema.extensions)
