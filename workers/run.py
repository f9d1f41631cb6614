"""The worker process: runs the sweeper, and beside it arq while Redis is available."""

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
    """Returns a sweeper with its own pool. Its statements have a longer timeout than those of the API, because no
    caller waits for them."""
    db = await connect(settings.database_url, most=4, seconds=JOB_SECONDS, name="mipoints worker")
    return Sweeper(
        Programme.of(db, settings),
        settings.sweep_seconds,
        producer_keys={name: Key(*key) for name, key in settings.producer_keys.items()},
        reconcile_after=timedelta(days=settings.reconcile_after_days),
        reach=reach_of(settings),
    )


async def run_worker(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, then finishes the current sets. Redis may be absent, and may stop and return."""
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
    """Runs an arq worker, and starts another one whenever it ends. An error does not stop the process: wake-ups only
    make the sweeper look sooner."""
    while True:
        worker = Worker(redis_settings=redis_settings(url), handle_signals=False, ctx={"sweeper": sweeper}, **options())
        try:
            await worker.async_run()
        except Exception as error:
            log.warning("Redis wakes no worker for now (%s); the sweeper works without it.", error)
        finally:
            await _close_quietly(worker)
        await asyncio.sleep(_BETWEEN_TRIES)


async def _close_quietly(worker: Worker) -> None:
    try:
        async with asyncio.timeout(_CLOSING_SECONDS / 2):
            await worker.close()
    except Exception as error:
        log.debug("arq's worker did not close cleanly: %s", error)
