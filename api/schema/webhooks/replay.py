"""replayWebhook: an operator lets a stored delivery be applied again."""

from typing import Annotated

import strawberry

from api.context import Info
from api.ids import delivery_named
from api.permissions import OPERATOR
from api.schema.arguments import IdempotencyKey
from api.schema.refusals import IdempotencyMismatch, NotAllowed, NotFound
from api.schema.root_fields import mutation_field
from api.schema.webhooks.deliveries import WebhookDelivery as DeliveryType
from loyalty.webhooks.replay import replay_webhook as replay


@strawberry.type(description="The delivery will be applied again.")
class WebhookReplayed:
    delivery: DeliveryType = strawberry.field(description="The delivery, as it is now.")


ReplayResult = Annotated[
    WebhookReplayed | NotFound | IdempotencyMismatch | NotAllowed,
    strawberry.union("ReplayResult", description="The answer to a replay."),
]


@mutation_field(OPERATOR, "apply a kept delivery again, whatever its state. Its content still counts only once.")
async def replay_webhook(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The delivery.")],
    idempotency_key: IdempotencyKey,
) -> ReplayResult | None:
    named = await replay(info.context.programme, info.context.caller, delivery_named(id), idempotency_key)
    await info.context.wake("apply_deliveries", None)
    row = await info.context.loaders.deliveries.load(named)
    if row is None:
        raise LookupError(f"The delivery {named} was replayed and is not there.")
    return WebhookReplayed(delivery=DeliveryType.of(row))
