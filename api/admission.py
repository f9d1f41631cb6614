"""Before an operation runs: what it costs, whether its caller may ask for that, and whether the budget has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLSchema, NonNullTypeNode, OperationDefinitionNode, VariableDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values
from starlette.requests import HTTPConnection

from api.budget import Budget, Left
from api.cost import Cost, TooEntangled, Variables, cost_of
from api.payers import Payer, address_of, payer_of
from api.prices import Prices
from api.problems import Forbidden, Limited
from api.schema.scalars import write_date_time
from loyalty.callers import Caller

SCHEMA_READERS = ("operator", "auditor")
UNSOUND = 50
"""What it costs to send a document that is refused: it was read and validated for nothing."""
BYTES = 1000
"""So many bytes of a request cost 1 to read."""

_COUNTED = {"Int", "Boolean"}  # the variables that a cost depends on: page sizes, @skip and @include


@dataclass(frozen=True, slots=True)
class Admitted:
    """An operation that may run: its cost was taken. `left` is None where no budget is kept."""

    cost: int
    left: Left | None

    def told(self) -> dict[str, Any]:
        """The answer's `extensions`."""
        return {"cost": self.cost} | _told(self.left)


@dataclass(slots=True)
class Admission:
    """Every operation's way in, whatever brought it: a request, one of a batch, a stream.

    `is_open` in a sandbox, where everybody may read the schema and is helped with names.
    """

    schema: GraphQLSchema
    budget: Budget
    most_cost: int
    proxies: int
    is_open: bool
    _prices: Prices = field(init=False)

    def __post_init__(self) -> None:
        self._prices = Prices(self.schema)

    def payer(self, caller: Caller, connection: HTTPConnection) -> Payer:
        """Who pays for what comes over this connection."""
        return payer_of(caller, address_of(connection, self.proxies))

    def check(self, payer: Payer) -> None:
        """Raises Limited for one who is shut out."""
        if seconds := self.budget.shut_for(payer):
            raise Limited("Too many of your requests could not be read. Wait a little.", retry_after=seconds)

    def may_read_schema(self, caller: Caller) -> bool:
        """Whether introspection is answered, and whether names are suggested."""
        return self.is_open or caller.has(*SCHEMA_READERS)

    async def fine(self, payer: Payer) -> None:
        """A document was refused."""
        await self.budget.fine(payer, UNSOUND)

    async def admit(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
        caller: Caller,
        payer: Payer,
        size: int = 0,
    ) -> Admitted:
        """Takes the cost of a validated operation from its payer's budget; `size` bytes had to be read for it.

        Raises Forbidden for introspection that is not the caller's, and Limited for an operation that is too
        expensive, both as dear as a document that is refused; and Limited for one that costs more than is left of the
        budget, of which nothing is taken then.
        """
        read = coerced(self.schema, operation, variables)
        try:
            points = self._allowed(document, operation, read, caller, size)
        except (Forbidden, Limited):
            await self.fine(payer)
            raise
        left = await self.budget.take(payer, points)
        if left is not None and not left.is_enough:
            sentence = f"This operation costs {points}; {left.remaining} is left of your budget."
            raise Limited(sentence, retry_after=left.retry_after, cost=points, **_told(left))
        return Admitted(points, left)

    def _allowed(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Variables,
        caller: Caller,
        size: int,
    ) -> int:
        """Its cost. Raises Forbidden and Limited."""
        cost = self.cost(document, operation, variables)
        if cost.reads_schema and not self.may_read_schema(caller):
            raise Forbidden("The schema is not told here: it is published as schema.graphql.")
        points = cost.points + size // BYTES
        if points > self.most_cost:
            sentence = f"This operation costs {points}; at most {self.most_cost} is answered. Ask for smaller pages."
            raise Limited(sentence, cost=points, most=self.most_cost)
        return points

    def cost(self, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables = None) -> Cost:
        """What an operation costs; without variables, the most it can. Raises Limited where that cannot be found."""
        try:
            return cost_of(self._prices, document, operation, variables)
        except TooEntangled:
            raise Limited("The document's fragments lead into one another too deeply.") from None


def coerced(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """The variables that a cost depends on. Those that are wrong are left out: execution says so, and runs nothing."""
    counted = [each for each in operation.variable_definitions or () if _type_name(each) in _COUNTED]
    found = get_variable_values(schema, counted, dict(variables or {}))
    return found.coerced if isinstance(found, VariableValues) else {}


def _type_name(definition: VariableDefinitionNode) -> str | None:
    told = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
    return getattr(getattr(told, "name", None), "value", None)


def _told(left: Left | None) -> dict[str, Any]:
    return {"remaining": left.remaining, "resetsAt": write_date_time(left.resets_at)} if left is not None else {}
