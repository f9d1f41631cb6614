"""Chooses the language of an answer by the Accept-Language header (RFC 9110, 12.5.4)."""

import re
from collections.abc import Iterator, Mapping

from babel import negotiate_locale

from loyalty.messages.catalogue import DEFAULT
from loyalty.programme.rules.kinds import LANGUAGES

LONGEST_HEADER = 1000
_RANGE = re.compile(
    r"(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)"
    r"(?:[ \t]*;[ \t]*q=(?P<quality>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


def language_of(accept_language: str | None) -> str:
    """The language of the answer: English if the header is missing, malformed, over 1,000 characters, or names none of
    ours."""
    qualities = _qualities(accept_language or "")
    offered = [language for language in LANGUAGES if qualities.get(language) != 0]
    return negotiate_locale(_preferred(qualities), offered, sep="-") or DEFAULT


def _qualities(header: str) -> dict[str, float]:
    """The quality of each language range, from 0 (not acceptable) to 1; the first mention of a range counts.

    Empty if any element is malformed. Empty elements are allowed.
    """
    if len(header) > LONGEST_HEADER:
        return {}
    qualities: dict[str, float] = {}
    for element in filter(None, (element.strip(" \t").lower() for element in header.split(","))):
        match = _RANGE.fullmatch(element)
        if match is None:
            return {}
        qualities.setdefault(match["tag"], float(match["quality"] or 1))
    return qualities


def _preferred(qualities: Mapping[str, float]) -> Iterator[str]:
    """The ranges by descending quality. `*` stands for all our languages that no other range names, English first."""
    named = {tag.partition("-")[0] for tag in qualities}
    for tag in sorted((tag for tag in qualities if qualities[tag] > 0), key=lambda tag: -qualities[tag]):
        if tag == "*":
            yield from (language for language in (DEFAULT, *LANGUAGES) if language not in named)
        else:
            yield tag
