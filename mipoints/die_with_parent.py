"""Children that go when their parent does, however it goes: a `kill -9` leaves nobody behind."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(last_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child calls between fork and exec (`preexec_fn`) to be sent this signal when its parent has died.

    Linux only: elsewhere (macOS) nothing tells a child, and a killed parent's children stay until the next start finds
    them. Linux sends it when the *thread* that started the child ends, so a child of any thread but the main one is
    not asked to. Popen calls it after it has changed the account, which would take it back.
    """
    if _LIBC is None or threading.current_thread() is not threading.main_thread():
        return None
    libc, parent = _LIBC, os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, last_signal)
        if os.getppid() != parent:  # it died before it could be asked about
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
