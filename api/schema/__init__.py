"""The GraphQL schema: one idea per file. It offers everything in the contract (api/contract.graphql)."""

import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from api.compiled.replaying import ReplayingExecutor
from api.documents import PreparedDocument
from api.schema.coupons import checkout, redeem
from api.schema.descriptions import complete_descriptions
from api.schema.earning import earn, moderate
from api.schema.members import membership, register
from api.schema.operators import adjust, change_campaigns, change_rewards
from api.schema.orders import change_order, record_order
from api.schema.query import Query
from api.schema.refusals import REFUSALS
from api.schema.scalars import SCALARS
from api.schema.subscription import Subscription
from api.schema.webhooks import replay


@strawberry.type(
    description="All mutations. Every mutation takes an idempotencyKey; a refusal is data, a member of its union."
)
class Mutation:
    register_member = register.register_member
    earn_points = earn.earn_points
    redeem_points = redeem.redeem_points
    record_order = record_order.record_order
    record_parcels = change_order.record_parcels
    add_order_lines = change_order.add_order_lines
    cancel_order = change_order.cancel_order
    record_moderation = moderate.record_moderation
    adjust_points = adjust.adjust_points
    decide_review = adjust.decide_review
    reserve_coupon = checkout.reserve_coupon
    commit_coupon = checkout.commit_coupon
    release_coupon = checkout.release_coupon
    create_reward = change_rewards.create_reward
    exclude_products = change_rewards.exclude_products
    end_reward = change_rewards.end_reward
    decide_reward = change_rewards.decide_reward
    lift_exclusion = change_rewards.lift_exclusion
    create_campaign = change_campaigns.create_campaign
    end_campaign = change_campaigns.end_campaign
    set_member_state = membership.set_member_state
    set_time_zone = membership.set_time_zone
    replay_webhook = replay.replay_webhook
    erase_member = membership.erase_member


class QuietSchema(strawberry.Schema):
    """A schema that does not log errors itself: the endpoint logs each one once."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Does nothing: api/errors.py maps and logs errors."""


_EXTENSIONS: list[type[SchemaExtension]] = [PreparedDocument]


def build_schema() -> QuietSchema:
    """The schema. Call it once in a process: the library alters the types when it builds a second one."""
    built = QuietSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=REFUSALS,
        extensions=_EXTENSIONS,
        execution_context_class=ReplayingExecutor,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    complete_descriptions(built._schema)
    return built


schema = build_schema()
