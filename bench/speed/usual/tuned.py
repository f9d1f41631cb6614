"""The same jobs by an arq worker that was tuned: `python -m bench.speed.usual.tuned`.

Many jobs at once, no stored results, polling ten times as often, uvloop, and no log line for each job.
"""

from typing import Any, ClassVar

import uvloop
from arq.worker import run_worker

from bench.speed.usual.jobs import Default, close_pool, credit_promise, open_pool


class Tuned:
    """arq's settings, tuned; arq reads a class' own attributes only, so nothing is inherited."""

    functions: ClassVar[list[Any]] = [credit_promise]
    redis_settings = Default.redis_settings
    on_startup = open_pool
    on_shutdown = close_pool
    max_jobs = 100
    keep_result = 0
    poll_delay = 0.05


if __name__ == "__main__":
    uvloop.install()
    run_worker(Tuned)
