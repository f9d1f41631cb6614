"""Which media type an answer is in (RFC 9110 §12.5.1), and which requests a page of another site could have forged."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"

_SAFELISTED = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
_PREFLIGHT = ("authorization", "apollo-require-preflight", "x-apollo-operation-name")
_MOST_RANGES = 50


@dataclass(frozen=True, slots=True)
class Range:
    """One entry of an Accept header: `name` is a media type, `application/*` or `*/*`."""

    name: str
    quality: float

    def specificity(self, media: str) -> int:
        """How exactly it means a media type: 3 for its name, 1 for everything, 0 for another."""
        if self.name in {media, "*/*"}:
            return 1 if self.name == "*/*" else 3
        return 2 if self.name == media.partition("/")[0] + "/*" else 0


def ranges_of(accept: str | None) -> list[Range]:
    """The entries of an Accept header; no header, or an empty one, accepts everything."""
    told = [_range(each) for each in (accept or "").split(",")[:_MOST_RANGES] if each.strip()]
    return told or [Range("*/*", 1.0)]


def _range(text: str) -> Range:
    """A quality that is no number is none; parameters such as `charset=utf-8` choose nothing here."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    told = next((each[2:].strip() for each in parameters if each.startswith("q=")), "1")
    is_number = len(told) <= 5 and told.replace(".", "", 1).isdecimal()
    return Range(name, min(float(told), 1.0) if is_number else 0.0)


def chosen_media(accept: str | None, offered: Sequence[str] = (GRAPHQL_JSON, JSON)) -> str | None:
    """The offered media type that is asked for most; None where none is acceptable.

    Among equals: what is named goes before what a wildcard covers. What is named goes by the order of the offer, and
    a wildcard gets plain JSON, which every client can read.
    """
    ranges = ranges_of(accept)
    return max(
        (media for media in offered if _wish(media, ranges)[0] > 0),
        key=lambda media: (*_wish(media, ranges), -offered.index(media)),
        default=None,
    )


def _wish(media: str, ranges: Sequence[Range]) -> tuple[float, int, bool]:
    """Quality by the most exact entry, how exact that is, and whether a wildcard should get this one."""
    exactness, quality = max(((each.specificity(media), each.quality) for each in ranges), default=(0, 0.0))
    if exactness == 0:
        return 0.0, 0, False
    return quality, exactness, exactness < 3 and media == JSON


def is_json(content_type: str | None) -> bool:
    """Whether a body says that it is JSON in UTF-8."""
    name, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charset = next((each[8:].strip('"') for each in parameters if each.startswith("charset=")), "utf-8")
    return name == JSON and charset in {"utf-8", "utf8"}


def may_come_from_a_page(headers: Headers) -> bool:
    """Whether a page of another site could have made a browser send a GET with these headers, unasked.

    Headers that need a preflight prove the opposite: no site gets one from us. So does what a browser itself says in
    `Sec-Fetch-Site`, which pages cannot set; whoever sends Sec-Fetch-Mode without it is a program, as browsers send
    both or neither.
    """
    if any(headers.get(name) for name in _PREFLIGHT) or not _is_safelisted(headers.get("content-type")):
        return False
    site = headers.get("sec-fetch-site")
    is_program = site is None and "sec-fetch-mode" in headers and "origin" not in headers
    return not is_program and site != "same-origin"


def _is_safelisted(content_type: str | None) -> bool:
    """Whether a page may send this content type without a preflight; none at all is such a one."""
    name = (content_type or "").partition(";")[0].strip().lower()
    return not name or name in _SAFELISTED or "," in name
