"""Closes a connection so that its client can still read the last answer, while nothing more is read from it."""

import asyncio
from typing import Any, cast

LAST_WORD_SECONDS = 1.0
"""Seconds in which a client can read the last answer. If we closed at once, the bytes that we did not read would make
the kernel reset the connection, and many clients would lose the answer."""


class ClosingTransport:
    """A transport whose end can be a last word; in all else, the transport that it holds.

    `lingers` says that the client is still sending: `close` then reads no more, ends the answer, and cuts the
    connection after a second.
    """

    def __init__(self, transport: asyncio.BaseTransport, loop: asyncio.AbstractEventLoop) -> None:
        self.inner, self.loop, self.lingers, self._is_ending = cast(asyncio.Transport, transport), loop, False, False
        self.write = self.inner.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def is_closing(self) -> bool:
        """Whether nothing more will be read or answered."""
        return self._is_ending or self.inner.is_closing()

    def resume_reading(self) -> None:
        """Reads on, unless the connection is ending."""
        if not self._is_ending:
            self.inner.resume_reading()

    def close(self) -> None:
        """Ends the connection: at once, or with a last word if the client is still sending."""
        if self._is_ending:
            return
        if not self.lingers or self.inner.is_closing():
            self.inner.close()
            return
        self._is_ending = True
        self.inner.pause_reading()
        self.inner.write_eof()
        self.loop.call_later(LAST_WORD_SECONDS, self.inner.abort)
