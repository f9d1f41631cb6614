"""CPU seconds and memory as the operating system accounts for them (Linux).

The clock of a running process is read in nanoseconds by `clock_gettime`, including all of its threads. The time of a
process that has ended is counted by its parent: Postgres' postmaster waits for its backends, so their times are among
its children's.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

_GONE = (OSError, psutil.NoSuchProcess)


def process_seconds(pid: int) -> float:
    """CPU seconds of one process since it began; 0 for one that is gone."""
    with suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)  # the process' CPU clock, as clock_getcpuclockid(3) makes it
    return 0.0


def tree_seconds(pid: int) -> float:
    """CPU seconds of a process and of all that descend from it, ended children included."""
    with suppress(*_GONE):
        process = psutil.Process(pid)
        return sum(_with_ended(each) for each in [process, *process.children(recursive=True)])
    return 0.0


def _with_ended(process: psutil.Process) -> float:
    with suppress(*_GONE):
        times = process.cpu_times()
        return process_seconds(process.pid) + times.children_user + times.children_system
    return 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Mebibytes: resident, and proportional (each shared page is divided among its processes)."""

    rss: float
    pss: float


def tree_memory(pids: Iterable[int]) -> Memory:
    """The memory of these processes and their descendants."""
    found = [psutil.Process(pid) for pid in pids]
    infos = [each.memory_full_info() for root in found for each in [root, *root.children(recursive=True)]]
    return Memory(sum(info.rss for info in infos) / 2**20, sum(info.pss for info in infos) / 2**20)
