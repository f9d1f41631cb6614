"""Which of our languages a caller reads best, from its Accept-Language header (RFC 9110, 12.5.4)."""

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
    """The language to answer in: English where the header is missing, malformed, overlong or of no help."""
    wishes = _wishes(accept_language or "")
    offered = [language for language in LANGUAGES if wishes.get(language) != 0]
    return negotiate_locale(_preferred(wishes), offered, sep="-") or DEFAULT


def _wishes(header: str) -> dict[str, float]:
    """How much each language range is wanted, 0 (not at all) to 1, the first mention counts.

    Nothing where any of them is malformed. Empty elements are allowed.
    """
    if len(header) > LONGEST_HEADER:
        return {}
    wishes: dict[str, float] = {}
    for element in filter(None, (element.strip(" \t").lower() for element in header.split(","))):
        match = _RANGE.fullmatch(element)
        if match is None:
            return {}
        wishes.setdefault(match["tag"], float(match["quality"] or 1))
    return wishes


def _preferred(wishes: Mapping[str, float]) -> Iterator[str]:
    """The ranges, the most wanted first; for `*` each language of ours that no other names, English first."""
    named = {tag.partition("-")[0] for tag in wishes}
    for tag in sorted((tag for tag in wishes if wishes[tag] > 0), key=lambda tag: -wishes[tag]):
        if tag == "*":
            yield from (language for language in (DEFAULT, *LANGUAGES) if language not in named)
        else:
            yield tag
