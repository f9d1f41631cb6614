"""Choosing the media type of an answer (RFC 9110 §12.5.1), and detecting GETs that another site could have forged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import Headers

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"

_SAFELISTED = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
_PREFLIGHT = ("authorization", "apollo-require-preflight", "x-apollo-operation-name")
_MOST_RANGES = 50
_LONGEST_CACHED = 200  # characters of an Accept header


@dataclass(frozen=True, slots=True)
class Range:
    """One entry of an Accept header: `name` is a media type, `application/*` or `*/*`."""

    name: str
    quality: float

    def specificity(self, media: str) -> int:
        """How exactly it matches a media type: 3 for its name, 2 for `application/*`, 1 for `*/*`, 0 for no match."""
        if self.name in {media, "*/*"}:
            return 1 if self.name == "*/*" else 3
        return 2 if self.name == media.partition("/")[0] + "/*" else 0


def ranges_of(accept: str | None) -> list[Range]:
    """The entries of an Accept header; no header, or an empty one, accepts everything."""
    ranges = [_range(each) for each in (accept or "").split(",")[:_MOST_RANGES] if each.strip()]
    return ranges or [Range("*/*", 1.0)]


def _range(text: str) -> Range:
    """One entry. A quality that is not a number counts as 0; parameters such as `charset=utf-8` are ignored."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((each[2:].strip() for each in parameters if each.startswith("q=")), "1")
    is_number = len(quality) <= 5 and quality.replace(".", "", 1).isdecimal()
    return Range(name, min(float(quality), 1.0) if is_number else 0.0)


def chosen_media(accept: str | None, offered: tuple[str, ...] = (GRAPHQL_JSON, JSON)) -> str | None:
    """The offered media type that the client prefers; None if it accepts none of them.

    Among equals, a type that is named goes before one that a wildcard covers. Named types go by the order of the offer.
    A wildcard gets plain JSON, which every client can read. Clients send few different headers, so the choice by a
    short one is cached.
    """
    is_short = accept is None or len(accept) <= _LONGEST_CACHED
    return _cached_choice(accept, offered) if is_short else _choice(accept, offered)


def _choice(accept: str | None, offered: tuple[str, ...]) -> str | None:
    ranges = ranges_of(accept)
    return max(
        (media for media in offered if _wish(media, ranges)[0] > 0),
        key=lambda media: (*_wish(media, ranges), -offered.index(media)),
        default=None,
    )


_cached_choice = lru_cache(maxsize=256)(_choice)


def _wish(media: str, ranges: Sequence[Range]) -> tuple[float, int, bool]:
    """The quality of the entry that matches most exactly, how exact it is, and whether a wildcard gets this type."""
    exactness, quality = max(((each.specificity(media), each.quality) for each in ranges), default=(0, 0.0))
    if exactness == 0:
        return 0.0, 0, False
    return quality, exactness, exactness < 3 and media == JSON


def is_json(content_type: str | None) -> bool:
    """Whether a Content-Type header declares JSON in UTF-8."""
    name, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charset = next((each[8:].strip('"') for each in parameters if each.startswith("charset=")), "utf-8")
    return name == JSON and charset in {"utf-8", "utf8"}


def could_be_forged(headers: Headers) -> bool:
    """Whether a page of another site could have made a browser send a GET with these headers.

    A header that needs a preflight proves that it could not: we allow preflights of `MIPOINTS_ORIGINS` only.
    `Sec-Fetch-Site: same-origin` proves it too, because pages cannot set that header. A request with Sec-Fetch-Mode but
    without Sec-Fetch-Site and Origin comes from a program, because browsers send both Sec-Fetch headers or neither.
    """
    if any(headers.get(name) for name in _PREFLIGHT) or not _is_safelisted(headers.get("content-type")):
        return False
    site = headers.get("sec-fetch-site")
    is_program = site is None and "sec-fetch-mode" in headers and "origin" not in headers
    return not is_program and site != "same-origin"


def _is_safelisted(content_type: str | None) -> bool:
    """Whether a page may send this content type, or none, without a preflight."""
    name = (content_type or "").partition(";")[0].strip().lower()
    return not name or name in _SAFELISTED or "," in name
