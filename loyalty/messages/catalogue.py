"""The catalogue files: each has a language's templates, plurals, and forms of numbers and days.

A text is a list of templates, the richest first; the first one whose facts are all known is used.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from loyalty.programme.rules.kinds import LANGUAGES

DEFAULT = "en"
Word = str | Callable[[], str]
"""A fact in words, or a function that makes it: most texts need few of the words that they may use."""
SECTIONS = (
    "kinds",
    "actions",
    "verdicts",
    "takings",
    "causes",
    "clauses",
    "entries",
    "ways",
    "refusals",
    "notices",
)


@dataclass(frozen=True, slots=True)
class Template:
    """A `str.format` text and the names of the facts it needs."""

    text: str
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class MessageCatalogue:
    """All texts of one language."""

    locale: Locale
    texts: Mapping[str, Mapping[str, tuple[Template, ...]]]
    counted: Mapping[str, Mapping[str, str]]
    dates: Mapping[str, str]

    def text(self, section: str, keys: Sequence[str], words: Mapping[str, Word]) -> str:
        """The text of the first key that the section has, by the richest template that the words can fill.

        Raises KeyError if the section has none of the keys.
        """
        section_texts = self.texts[section]
        templates = section_texts[next((key for key in keys if key in section_texts), keys[-1])]
        fitting = next(template for template in templates if template.needs <= words.keys())
        return fitting.text.format_map({name: _made(words[name]) for name in fitting.needs})

    def count(self, noun: str, number: int) -> str:
        """A number with the noun that it counts, in the singular or plural: 1 point, 1,500 points."""
        forms = self.counted[noun]
        form = forms.get(_plural(self.locale, number), forms["other"])
        return form.format(count=self.number(number))

    def number(self, number: int) -> str:
        """A whole number with its digits grouped as the language does it."""
        return _grouped(self.locale, number)

    def day(self, day: date) -> str:
        """A calendar day in words; the first of a month has a form of its own: 1er avril 2026."""
        return _written(self.locale, self.dates["first" if day.day == 1 else "day"], day)


@lru_cache(maxsize=4096)
def _plural(locale: Locale, number: int) -> str:
    """Which plural a number takes; the library works it out anew each time, as it does the other two."""
    return str(locale.plural_form(number))


@lru_cache(maxsize=4096)
def _grouped(locale: Locale, number: int) -> str:
    return format_decimal(number, locale=locale)


@lru_cache(maxsize=4096)
def _written(locale: Locale, form: str, day: date) -> str:
    return format_date(day, form, locale=locale)


def _made(word: Word) -> str:
    return word if isinstance(word, str) else word()


def _read(language: str) -> MessageCatalogue:
    document = tomllib.loads((files("loyalty.messages") / f"{language}.toml").read_text(encoding="utf-8"))
    return MessageCatalogue(
        locale=Locale.parse(document["locale"]),
        texts={section: _texts(document[section]) for section in SECTIONS},
        counted=document["counted"],
        dates=document["dates"],
    )


def _texts(section: Mapping[str, Any]) -> dict[str, tuple[Template, ...]]:
    return {key: _templates(texts) for key, texts in section.items()}


def _templates(texts: str | list[str]) -> tuple[Template, ...]:
    return tuple(_template(text) for text in ([texts] if isinstance(texts, str) else texts))


def _template(text: str) -> Template:
    return Template(text, frozenset(name for _, name, _, _ in Formatter().parse(text) if name))


CATALOGUES: Mapping[str, MessageCatalogue] = {language: _read(language) for language in LANGUAGES}
"""Read once, when the module is imported; from then on every sentence is a pure function of its arguments."""
