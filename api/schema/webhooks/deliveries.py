"""webhookDeliveries: the stored deliveries of producers and their states."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.access import known_caller
from api.context import Info
from api.cursors import DELIVERIES, Page, page_of, window
from api.ids import GlobalId, delivery_named
from api.permissions import AUDITORS
from api.problems import BadUserInput
from api.schema.arguments import NOT_GIVEN, After, First, given, page_arguments
from api.schema.enums import DeliveryState
from api.schema.node import Node
from api.schema.pages import PageInfo
from api.schema.root_fields import query_field
from api.schema.rows import of, page_of_rows
from api.schema.texts import valid_text
from db.webhooks.deliveries import DeliveryRow, deliveries_page

_UNFINISHED = (DeliveryState.RECEIVED, DeliveryState.PARKED, DeliveryState.DEAD)


@strawberry.type(
    description="One webhook of a producer, verified by its signature, or a delivery reported to /reconciliation. "
    "Stored for ever."
)
class WebhookDelivery(Node):
    producer: str = strawberry.field(description="Who sent it, such as native or easypost.")
    event_id: str = strawberry.field(description="The event's id, the producer's own where it sends one.")
    type: str = strawberry.field(description="What it is about, as the producer calls it.")
    state: DeliveryState = strawberry.field(description="Whether it was applied.")
    received_at: datetime = strawberry.field(description="When it was stored.")
    attempts: int = strawberry.field(description="The number of attempts to apply it; ten at most.")
    error: str | None = strawberry.field(description="Why it is not applied; null if there is no obstacle.")
    order_number: str | None = strawberry.field(
        description="The order it was applied to, or waits for; null until it was read."
    )
    tracking_number: str | None = strawberry.field(
        description="The parcel whose order it waits for; null if it names its order, or does not wait."
    )
    applied_at: datetime | None = strawberry.field(description="When it was applied; null while it is not.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried again after a failure; null where it is not."
    )

    @classmethod
    def of(cls, row: DeliveryRow) -> "WebhookDelivery":
        """The delivery of a row."""
        return cls(
            id=strawberry.ID(str(GlobalId("WebhookDelivery", local=f"{row.producer}:{row.event_id}"))),
            producer=row.producer,
            event_id=row.event_id,
            type=row.type,
            state=DeliveryState[row.state],
            received_at=row.received_at,
            attempts=row.attempts,
            error=row.error,
            order_number=row.order_number,
            tracking_number=row.tracking_number,
            applied_at=row.applied_at,
            next_attempt_at=row.not_before if row.state == "RECEIVED" else None,
        )


@strawberry.type(description="A place in a list of deliveries.")
class WebhookDeliveryEdge:
    cursor: str = strawberry.field(description="Its place, for `after`.")
    node: WebhookDelivery = strawberry.field(description="The delivery.")


@strawberry.type(description="A page of deliveries, newest first.")
class WebhookDeliveryConnection:
    edges: list[WebhookDeliveryEdge] = strawberry.field(description="The deliveries with their places.")
    nodes: list[WebhookDelivery] = strawberry.field(description="The deliveries alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[DeliveryRow]) -> "WebhookDeliveryConnection":
        """The connection for a page of rows."""
        return _page(page)


_page = page_of_rows(WebhookDeliveryConnection, WebhookDeliveryEdge, WebhookDelivery.of, of(DELIVERIES.cursor, "place"))


@query_field(
    AUDITORS,
    "webhook deliveries, newest first: those kept but not yet applied, or given up on (RECEIVED, PARKED, DEAD), unless "
    "`state` or `states` asks for others.",
)
async def webhook_deliveries(
    info: Info,
    first: First = 20,
    after: After = NOT_GIVEN,
    state: Annotated[
        DeliveryState | None, strawberry.argument(description="Only those in this state; not with `states`.")
    ] = NOT_GIVEN,
    states: Annotated[
        list[DeliveryState] | None,
        strawberry.argument(description="Only those in these states; null for RECEIVED, PARKED and DEAD."),
    ] = NOT_GIVEN,
    producer: Annotated[str | None, strawberry.argument(description="Only this producer's; null for all.")] = NOT_GIVEN,
) -> WebhookDeliveryConnection | None:
    stretch, named = window(page_arguments(first, after), DELIVERIES), given(producer)
    rows = await deliveries_page(
        info.context.programme.db,
        stretch,
        producers=None if named is None else [valid_text(named, "producer")],
        states=_wanted(given(state), given(states)),
    )
    return WebhookDeliveryConnection.of(page_of(rows, stretch))


def _wanted(state: DeliveryState | None, states: list[DeliveryState] | None) -> list[str]:
    """The requested states, each once. Raises BadUserInput if both arguments are given."""
    if state is not None and states is not None:
        raise BadUserInput("Ask for `state` or for `states`, not for both.")
    chosen = [state] if state is not None else states if states is not None else _UNFINISHED
    return list({each.name: None for each in chosen})


async def find_delivery(info: Info, id_: str) -> WebhookDelivery | None:
    """The delivery that a client's id names; None if the caller may not see deliveries. Raises Unauthenticated."""
    named = delivery_named(id_)
    if not known_caller(info.context.caller).has(*AUDITORS.scopes) or named is None:
        return None
    row = await info.context.loaders.deliveries.load(named)
    return WebhookDelivery.of(row) if row is not None else None
