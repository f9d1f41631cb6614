"""Sends notices to members through an adapter: mail, push, or, by default, only a line in the log (R50)."""

import logging
from typing import Protocol

from db.ledger.notices import UnsentNotice, notice_failed, notices_sent, notices_to_send
from db.limits import NOTICES_AT_ONCE
from db.pool import Database, DatabaseUnavailable

log = logging.getLogger(__name__)


class Notifier(Protocol):
    """An adapter. It may get the same notice twice, with the same `notice_id`. It raises if it could not send."""

    async def send(self, notice: UnsentNotice) -> None:
        """Sends the notice to the member."""
        ...


class LogNotifier:
    """Writes notices to the log only, without the person's name."""

    async def send(self, notice: UnsentNotice) -> None:
        """Writes a line about the notice."""
        log.info("Notice %s of member %s: %s.", notice.notice_id, notice.member_id, notice.kind)


async def send_some(db: Database, notifier: Notifier) -> int:
    """Sends up to a hundred notices outside of any transaction and marks those that were sent: each at least once.

    If one cannot be sent, the others are sent. That one waits longer after each attempt, and is given up after the
    last.
    """
    waiting = await notices_to_send(db, NOTICES_AT_ONCE)
    sent = [notice for notice in waiting if await _try_to_send(db, notifier, notice)]
    if sent:
        await notices_sent(db, sent)
    return len(sent)


async def _try_to_send(db: Database, notifier: Notifier, notice: UnsentNotice) -> bool:
    if notice.mi_id is None:
        await notice_failed(db, notice, "The person was erased.", for_good=True)
        return False
    try:
        await notifier.send(notice)
    except DatabaseUnavailable:
        raise
    except Exception as error:
        log.warning("Notice %s could not be sent: %s", notice.notice_id, error)
        await notice_failed(db, notice, str(error) or type(error).__name__, for_good=False)
        return False
    return True
