"""Answers to GraphQL requests as HTTP responses, with their headers in the form in which they are sent."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

from api.public import cached_headers, is_known, without_budget
from api.written import sent

ALWAYS = {"cache-control": "no-store", "vary": "accept"}
_RAW_ALWAYS = [(name.encode(), value.encode()) for name, value in ALWAYS.items()]


class WrittenAnswer(Response):
    """An answer as JSON that no cache keeps. Most of its headers are the same each time."""

    def __init__(
        self, body: Any, status: int, media: str, request_id: str, more: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.body, self.status_code, self.background = sent(body), status, None
        self.raw_headers = [*_described(self.body, media, request_id), *_RAW_ALWAYS, *_raw(more)]


class PublicAnswer(WrittenAnswer):
    """The answer to a public query by GET or HEAD: caches keep it for a minute. A client that holds it gets 304."""

    def __init__(self, body: Mapping[str, Any], media: str, request_id: str, if_none_match: str | None) -> None:
        self.body, self.status_code, self.background = sent(without_budget(body)), 200, None
        kept = cached_headers(self.body)
        self.raw_headers = [*_described(self.body, media, request_id), *_raw(kept)]
        if is_known(kept["etag"], if_none_match):
            self.body, self.status_code = b"", 304
            self.raw_headers = [(b"x-request-id", request_id.encode()), *_raw(kept)]


def _described(body: bytes, media: str, request_id: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-length", b"%d" % len(body)),
        (b"content-type", b"%s; charset=utf-8" % media.encode()),
        (b"x-request-id", request_id.encode()),
    ]


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
