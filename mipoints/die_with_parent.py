"""Ends child processes when their parent dies, even by `kill -9`."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(last_signal: signal.Signals) -> Callable[[], None] | None:
    """Returns the function that a child calls between fork and exec (`preexec_fn`). The kernel then sends the child
    `last_signal` when its parent dies.

    Linux only: elsewhere (macOS) the kernel has no such signal, and the children of a killed parent run until the next
    start finds them. Linux sends the signal when the *thread* that started the child ends, so the result is None in any
    thread but the main one. Popen calls the function after it has changed the account, because that change would clear
    the setting.
    """
    if _LIBC is None or threading.current_thread() is not threading.main_thread():
        return None
    libc, parent = _LIBC, os.getpid()

    def request_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, last_signal)
        if os.getppid() != parent:  # the parent died before the request
            os.kill(os.getpid(), signal.SIGKILL)

    return request_signal
