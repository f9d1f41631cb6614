"""Following a member's balance, whichever process changes it."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import strawberry

from api.access import lasts_until
from api.context import Info
from api.followers import Follower
from api.permissions import MEMBERS
from api.schema.ledger.entries import PointsEntry
from api.schema.ledger.pending import PendingPoints
from api.schema.members.balance import Balance
from api.schema.members.members import Member
from api.schema.root_fields import subscription_field
from db.ledger.balance_changes import Change, FollowedMember, changes_since, follow_member
from db.pool import DatabaseUnavailable
from loyalty.refusals import NotAMember

_CLOCKS_APART = timedelta(minutes=5)
_MOST_AT_ONCE = 20
_SECONDS_UNTIL_NEXT_TRY = 1.0


@strawberry.type(description="A member's balance after a change, and the entry or promise behind the change.")
class BalanceChanged:
    member: Member = strawberry.field(
        description="Whose balance it is, so that a client's cache can keep it with them."
    )
    balance: Balance = strawberry.field(description="Points, now.")
    entry: PointsEntry | None = strawberry.field(
        description="The line that was added to the points history; null where none was, as for new pending points."
    )
    pending_points: PendingPoints | None = strawberry.field(
        description="Points that were promised just now; null where none were, as for points that were credited."
    )


@strawberry.type(description="All subscriptions, over WebSocket (graphql-transport-ws) or server-sent events.")
class Subscription:
    @subscription_field(
        MEMBERS,
        "the balance after each change, from whichever process made it. Ends with the "
        "token, or when the person is erased. After many changes at once only the newest are sent, with the present "
        "balance. Refused as NOT_A_MEMBER before joining, LIMITED when too many are open.",
    )
    async def balance_changed(
        self,
        info: Info,
        start_with_current: Annotated[
            bool,
            strawberry.argument(
                description="Begin with the balance as it is, so that nothing between reading and subscribing, or "
                "while the connection was away, is missed."
            ),
        ] = False,
    ) -> AsyncGenerator[BalanceChanged | None, None]:
        mi_id = info.context.caller.name or ""
        followed = await follow_member(info.context.programme.db, mi_id, _until(info))
        if followed is None:
            raise NotAMember
        with info.context.changes.follow(followed.member_id) as follower:
            if start_with_current and (member := await _member(info, followed)):
                yield BalanceChanged(member=member, balance=member.balance, entry=None, pending_points=None)
            async for change in _changes(info, followed, follower):
                yield change


def _until(info: Info) -> datetime:
    """The moment until which the database sends notifications: the end of this stream, and at least five minutes more
    in case the database's clock is ahead. In whole hours, so that a phone that reconnects often writes once an hour.
    """
    ends = datetime.fromtimestamp(lasts_until(info.context.caller), UTC) + _CLOCKS_APART
    return ends.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


async def _changes(info: Info, followed: FollowedMember, follower: Follower) -> AsyncIterator[BalanceChanged]:
    """Each change since the member was read, until the person is erased. It looks once at the start, because a
    notification that was sent before this follower existed reached no one.
    """
    seq = followed.seq
    while True:
        try:
            news = await changes_since(info.context.programme.db, followed.member_id, seq, _MOST_AT_ONCE)
            if news is None:
                return
            answers = await _answers(info, followed, news[1]) if news[0] > seq else []
        except DatabaseUnavailable:
            await follower.wait(within=_SECONDS_UNTIL_NEXT_TRY)
            continue
        seq = news[0]
        for answer in answers:
            yield answer
        await follower.wait()


async def _answers(info: Info, followed: FollowedMember, changes: Sequence[Change]) -> list[BalanceChanged]:
    """One answer for each new entry and each promise that is still open; without any, one with the balance alone."""
    member = await _member(info, followed)
    if member is None:
        return []
    loaders, answers = info.context.loaders, []
    for change in changes:
        entry = pending = None
        if change.seq is not None:
            entry = PointsEntry.of(await loaders.entries.load((followed.member_id, change.seq)))
        if change.promise_id is not None:
            pending = PendingPoints.of(await loaders.promises.load((followed.member_id, change.promise_id)))
        if entry or pending:
            answers.append(BalanceChanged(member=member, balance=member.balance, entry=entry, pending_points=pending))
    return answers or [BalanceChanged(member=member, balance=member.balance, entry=None, pending_points=None)]


async def _member(info: Info, followed: FollowedMember) -> Member | None:
    info.context.begin_anew()
    return Member.of(await info.context.loaders.members.load(followed.member_id))
