"""Checks before an operation runs: its cost, the caller's right to read the schema, and the caller's budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from starlette.requests import HTTPConnection

from api.budget import Budget, BudgetLeft
from api.cost import Cost, Costs, TooEntangled, Variables, cost_of, counted_in, counted_variables
from api.moments import write_date_time
from api.payers import Payer, address_of, payer_of
from api.prices import Prices
from api.problems import Forbidden, Limited
from loyalty.callers import Caller

SCHEMA_READERS = ("operator", "auditor")
REFUSED_DOCUMENT = 50
"""The cost of a document that is refused: we read and validated it all the same."""
BYTES_FOR_ONE = 1000
"""Reading this many bytes of a request costs 1."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An operation that may run: its cost was taken. `left` is None if the payer has no limit."""

    cost: int
    left: BudgetLeft | None

    def extensions(self) -> dict[str, Any]:
        """The answer's `extensions`: `cost`, and for a payer with a budget `remaining` and `resetsAt`."""
        return {"cost": self.cost} | _budget_facts(self.left)


@dataclass(slots=True)
class Admission:
    """Admits every operation before it runs: a single request, one of a batch, or one of a stream.

    `most_cost` is the highest cost of one operation, `proxies` the number of our own proxies in front. `is_open` is
    true in a sandbox: every caller may read the schema there, and error messages suggest names.
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
        """The payer of all operations that arrive over this connection."""
        if caller.name is not None:
            return payer_of(caller, "")
        return payer_of(caller, address_of(connection, self.proxies))

    def check(self, payer: Payer) -> None:
        """Raises Limited while a payer is shut out because too many of its documents were refused."""
        if seconds := self.budget.shut_for(payer):
            raise Limited("Too many of your requests could not be read. Wait a little.", retry_after=seconds)

    def may_read_schema(self, caller: Caller) -> bool:
        """Whether a caller may use introspection, and whether error messages suggest names to it."""
        return self.is_open or caller.has(*SCHEMA_READERS)

    async def fine(self, payer: Payer, size: int) -> None:
        """Takes the cost of a refused request, of which `size` bytes were read, from its payer's budget."""
        await self.budget.fine(payer, REFUSED_DOCUMENT + size // BYTES_FOR_ONE)

    async def admit(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
        caller: Caller,
        payer: Payer,
        size: int = 0,
        costs: Costs | None = None,
    ) -> Admitted:
        """Takes the cost of a validated operation from its payer's budget; `size` is the bytes that were read for it.
        `costs` are those that are known of its document.

        Raises Forbidden if the caller may not use introspection, and Limited if the operation is too expensive. Both
        cost as much as a refused document. Raises Limited, and takes only what reading cost, if the budget is too
        small now.
        """
        try:
            cost = self._known_cost(document, operation, variables, {} if costs is None else costs)
            points = self._allowed_points(cost, caller, size)
        except (Forbidden, Limited):
            await self.fine(payer, size)
            raise
        left = await self.budget.take(payer, points)
        if left is not None and not left.is_enough:
            await self.budget.fine(payer, size // BYTES_FOR_ONE)
            sentence = f"This operation costs {points}; {left.remaining} is left of your budget."
            raise Limited(sentence, retry_after=left.retry_after, cost=points, **_budget_facts(left))
        return Admitted(points, left)

    def _known_cost(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables, costs: Costs
    ) -> Cost:
        """The cost of an operation, computed once if it depends on no variable. Raises Limited if it has none."""
        name = operation.name.value if operation.name else None
        if name in costs:
            return costs[name]
        counted = counted_in(operation)
        cost = self.cost(document, operation, counted_variables(self.schema, counted, variables))
        if not counted:
            costs[name] = cost
        return cost

    def _allowed_points(self, cost: Cost, caller: Caller, size: int) -> int:
        """A cost with the bytes that were read. Raises Forbidden and Limited."""
        if cost.reads_schema and not self.may_read_schema(caller):
            raise Forbidden("The schema is not told here: it is published as schema.graphql.")
        points = cost.points + size // BYTES_FOR_ONE
        if points > self.most_cost:
            sentence = f"This operation costs {points}; at most {self.most_cost} is answered. Ask for smaller pages."
            raise Limited(sentence, cost=points, most=self.most_cost)
        return points

    def cost(self, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables = None) -> Cost:
        """The cost of an operation; without variables, the highest possible cost. Raises Limited if it has none."""
        try:
            return cost_of(self._prices, document, operation, variables)
        except TooEntangled:
            raise Limited("The document's fragments lead into one another too deeply.") from None


def _budget_facts(left: BudgetLeft | None) -> dict[str, Any]:
    return {"remaining": left.remaining, "resetsAt": write_date_time(left.resets_at)} if left is not None else {}
