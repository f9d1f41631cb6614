"""Limits the size of HTTP headers: uvicorn's fast parser accepts headers of any size, which would fill our memory."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mipoints.edge.closing import ClosingTransport

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers. The piece that completes the head is not counted: at most 256 KiB."""

_SENTENCE = b'{"error": {"code": "TOO_LARGE", "message": "The headers are over the limit of 65536 bytes."}}'
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)


class HeadLimit(HttpToolsProtocol):
    """Uvicorn's protocol, with a limit: if a head is too long, we answer 431 and close the connection."""

    _is_in_head = False
    _head = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(cast(asyncio.Transport, ClosingTransport(transport, self.loop)))

    def on_message_begin(self) -> None:
        """The parser calls this when a request begins."""
        self._is_in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser calls this when the head is complete."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Counts the bytes that arrive while the head is incomplete."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head += len(data)
        if self._head > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_ANSWER)
            self.transport.close()
