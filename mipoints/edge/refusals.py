"""The answers of the edge: bytes that are sent before, or instead of, an answer of the application."""

import json
from http import HTTPStatus


def _answer(status: HTTPStatus, code: str, sentence: str, *headers: str) -> bytes:
    body = json.dumps({"error": {"code": code, "message": sentence}}).encode()
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


HEAD_TOO_LARGE = _answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "TOO_LARGE", "The headers are over the limit of 65536 bytes."
)
TOO_MANY_CHUNKS = _answer(HTTPStatus.BAD_REQUEST, "TOO_LARGE", "The body came in chunks that are too small.")
TRAILERS = _answer(HTTPStatus.BAD_REQUEST, "REFUSED", "Headers after the body (trailers) are not accepted.")
HEAD_TOO_SLOW = _answer(HTTPStatus.REQUEST_TIMEOUT, "NOT_READ", "The headers did not arrive in time.")
NOT_HTTP = _answer(HTTPStatus.BAD_REQUEST, "REFUSED", "This is no valid HTTP request.")
TOO_MANY_CONNECTIONS = _answer(
    HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE", "Too many connections are open: try again.", "retry-after: 5"
)
