"""docs/sentences.md: the sentence of every verdict, in every language, for people who read and correct them."""

from collections.abc import Iterator

from loyalty.messages.catalogue import CATALOGUES
from loyalty.messages.verdict_cases import VerdictCase, verdict_cases
from loyalty.programme.rules.kinds import LANGUAGES

_HEAD = """# The sentences of verdicts

Made by `make sentences` from `loyalty/messages/`; a test keeps it current. Each row is a kind of verdict that the
programme gives (R60), with the sentence that the member reads, for an example. Points, orders and products are made up.
"""


def sentences_document() -> str:
    """Returns the text of the whole document."""
    cases = verdict_cases()
    return "\n".join([_HEAD, *(_table_in(language, cases) for language in LANGUAGES)])


def _table_in(language: str, cases: list[VerdictCase]) -> str:
    name = CATALOGUES[language].locale.get_display_name("en")
    return "".join([f"## {name}\n\n", *(f"| {' | '.join(row)} |\n" for row in _rows(language, cases))])


def _rows(language: str, cases: list[VerdictCase]) -> Iterator[tuple[str, ...]]:
    yield "kind", "outcome", "code", "special", "sentence"
    yield ("---",) * 5
    for case in cases:
        yield case.kind, case.outcome, case.code, case.special, case.sentence(language)
