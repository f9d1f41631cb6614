"""The worker process: the sweeper, and arq beside it for as long as Redis is there."""

import asyncio
import logging
import signal
from datetime import timedelta

from arq.worker import Worker

from db.pool import connect
from loyalty.outgoing.addresses import reach_of
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.webhooks.ask_producers import Key
from workers.sweeper import Sweeper
from workers.wakeups import JOB_SECONDS, options, redis_settings

log = logging.getLogger(__name__)

_BETWEEN_TRIES = 2.0
_CLOSING_SECONDS = 3.0


async def open_sweeper(settings: Settings) -> Sweeper:
    """A sweeper with a pool of its own; its sets may take longer than a caller would wait."""
    db = await connect(settings.database_url, most=4, seconds=JOB_SECONDS, name="mipoints worker")
    return Sweeper(
        Programme.of(db, settings),
        settings.sweep_seconds,
        producer_keys={name: Key(*told) for name, told in settings.producer_keys.items()},
        reconcile_after=timedelta(days=settings.reconcile_after_days),
        reach=reach_of(settings),
    )


async def run_worker(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, then finishes what it is doing. Redis may be absent or go away meanwhile."""
    sweeper = await open_sweeper(settings)
    _stop_on_signals(sweeper)
    listening = asyncio.create_task(_listen(settings.redis_url, sweeper)) if settings.redis_url else None
    log.info("Sweeping every %s s%s.", settings.sweep_seconds, "" if listening else "; no Redis is set")
    try:
        await sweeper.run()
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.wait({listening}, timeout=_CLOSING_SECONDS)
        await sweeper.programme.db.close()


def _stop_on_signals(sweeper: Sweeper) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, sweeper.stop)


async def _listen(url: str, sweeper: Sweeper) -> None:
    """Runs an arq worker, and another one whenever it ends: wake-ups are a comfort, never a need."""
    while True:
        worker = Worker(redis_settings=redis_settings(url), handle_signals=False, ctx={"sweeper": sweeper}, **options())
        try:
            await worker.async_run()
        except Exception as error:
            log.warning("Redis wakes nobody for now (%s); the sweeper goes on without it.", error)
        finally:
            await _close_quietly(worker)
        await asyncio.sleep(_BETWEEN_TRIES)


async def _close_quietly(worker: Worker) -> None:
    try:
        async with asyncio.timeout(_CLOSING_SECONDS / 2):
            await worker.close()
    except Exception as error:
        log.debug("arq's worker did not close cleanly: %s", error)
