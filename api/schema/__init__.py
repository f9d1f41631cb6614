"""The GraphQL schema: one idea per file, all of it what the contract says."""

import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from api.documents import PreparedDocument
from api.schema import earn, record_order, redeem, register
from api.schema.query import Query
from api.schema.refusals import REFUSALS
from api.schema.scalars import SCALARS


@strawberry.type(
    description="What can be done. Every mutation takes an idempotencyKey; a refusal is data, a member of its union."
)
class Mutation:
    register_member = register.register_member
    earn_points = earn.earn_points
    redeem_points = redeem.redeem_points
    record_order = record_order.record_order


class QuietSchema(strawberry.Schema):
    """A schema that leaves it to the endpoint to log what went wrong, once."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Nothing here: api/errors.py maps and logs."""


_EXTENSIONS: list[type[SchemaExtension]] = [PreparedDocument]


def build_schema() -> QuietSchema:
    """The schema of this process; there is one (the library alters types when it builds a second)."""
    return QuietSchema(
        query=Query,
        mutation=Mutation,
        types=REFUSALS,
        extensions=_EXTENSIONS,
        config=StrawberryConfig(scalar_map=SCALARS),
    )


schema = build_schema()
