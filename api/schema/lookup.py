"""Finding things by their ids, for callers that may see them."""

from uuid import UUID

from api.access import READERS, known_caller, service_only
from api.context import Info
from api.ids import OF_NOBODY, GlobalId
from api.problems import BadUserInput
from api.schema.coupons.coupons import Coupon
from api.schema.ledger.entries import PointsEntry
from api.schema.ledger.notices import Notice
from api.schema.ledger.pending import PendingPoints
from api.schema.ledger.verdicts import Verdict
from api.schema.members.members import Member
from api.schema.node import Node
from api.schema.orders.orders import Order
from api.schema.programme.campaigns import Campaign
from api.schema.programme.rewards import Reward
from api.schema.webhooks.deliveries import find_delivery
from db.members.rows import erased_member
from loyalty.programme.catalogue import Catalogue
from loyalty.refusals import NotAMember


async def may_see(info: Info, member_id: UUID) -> bool:
    """Whether the caller is this member, or a service that reads all members. Raises Unauthenticated and Forbidden."""
    caller = known_caller(info.context.caller)
    if not caller.is_member:
        service_only(caller, *READERS)
        return True
    row = await info.context.loaders.members_by_mi_id.load(caller.name or "")
    return row is not None and row.member_id == member_id


async def find(info: Info, wanted: GlobalId | None) -> Node | None:
    """The thing that an id names, or None. Rewards and campaigns are for every caller; a member's things and webhook
    deliveries only for callers that may see them. Raises Unauthenticated and Forbidden.
    """
    if wanted is None:
        known_caller(info.context.caller)
        return None
    if wanted.type in OF_NOBODY or wanted.member_id is None:
        return await _of_the_programme(info, wanted)
    if not await may_see(info, wanted.member_id):
        return None
    return await _of_a_member(info, wanted, wanted.member_id)


async def _of_the_programme(info: Info, wanted: GlobalId) -> Node | None:
    if wanted.type == "WebhookDelivery":
        return await find_delivery(info, str(wanted))
    catalogue = await info.context.loaders.catalogue()
    if wanted.type == "Reward":
        reward = catalogue.reward(wanted.local)
        return Reward.of(reward) if reward else None
    campaign = catalogue.campaign(wanted.local)
    return Campaign.of(campaign, info.context.language) if campaign else None


async def _of_a_member(info: Info, wanted: GlobalId, member_id: UUID) -> Node | None:
    loaders = info.context.loaders
    uuid, number = wanted.local_uuid, wanted.local_number
    match wanted.type:
        case "Member" if not wanted.local:
            return Member.of(await loaders.members.load(member_id))
        case "Order" if wanted.local:
            return Order.of(await loaders.orders.load((member_id, wanted.local)))
        case "PointsEntry" if number is not None:
            return PointsEntry.of(await loaders.entries.load((member_id, number)))
        case "PendingPoints" if uuid is not None:
            return PendingPoints.of(await loaders.promises.load((member_id, uuid)))
        case "Coupon" if uuid is not None:
            return Coupon.of(await loaders.coupons.load((member_id, uuid)))
        case "Verdict" if uuid is not None:
            return Verdict.of(await loaders.verdicts.load((member_id, uuid)))
        case "Notice" if uuid is not None:
            return Notice.of(await loaders.notices.load((member_id, uuid)))
        case _:
            return None


async def open_market(info: Info, market: str) -> Catalogue:
    """The catalogue, if the market is open. Raises BadUserInput otherwise; its message names the open markets."""
    catalogue = await info.context.loaders.catalogue()
    if market not in catalogue.open_markets:
        there = ", ".join(catalogue.open_markets) or "none"
        raise BadUserInput(f"Mi Points is not open in {market}: there are {there}.")
    return catalogue


async def the_member(info: Info, member_id: UUID) -> Member:
    """The member that an operation changed. One that was erased since then has its pseudonym (R61, R71)."""
    row = await info.context.loaders.members.load(member_id)
    if row is None:
        row = await erased_member(info.context.programme.db, member_id)
    if row is None:
        raise NotAMember
    return Member.of_row(row)


async def the_verdict(info: Info, member_id: UUID, verdict_id: UUID) -> Verdict:
    """The verdict that an operation gave, in its present state."""
    row = await info.context.loaders.verdicts.load((member_id, verdict_id))
    if row is None:
        raise LookupError(f"The verdict {verdict_id} was given and is not there.")
    return Verdict.of_row(row)
