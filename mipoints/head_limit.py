"""HTTP heads have an end: uvicorn's quick parser takes headers of any size, and whoever sends them our memory."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers; what came in one piece with it, a quarter of a mebibyte, is not counted."""

_SENTENCE = b'{"error": {"code": "TOO_LARGE", "message": "The headers are over the limit of 65536 bytes."}}'
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)


class HeadLimit(HttpToolsProtocol):
    """Uvicorn's protocol; a head that is too long is answered 431, and its connection is closed."""

    _is_in_head = False
    _head = 0

    def on_message_begin(self) -> None:
        """The parser's word that a request begins."""
        self._is_in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser's word that its head is over."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Counts what comes while a head goes on, and on."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head += len(data)
        if self._head > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_ANSWER)
            self.transport.close()
