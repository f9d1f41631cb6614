"""The only place that reads the shipped data files: terms and campaigns, as JSON-ready documents."""

import tomllib
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

Document = dict[str, object]


def shipped_terms() -> list[Document]:
    """Every shipped terms file as a document, by file name; dates are ISO texts, so it is valid JSON."""
    return _documents("loyalty.programme.terms")


def shipped_campaigns() -> list[Document]:
    """Every shipped campaign file as a document, by file name. Nothing loads them by itself (R21)."""
    return _documents("loyalty.programme.programme.campaigns")


def shipped_campaign_names() -> list[str]:
    """The names of the shipped campaign files."""
    return sorted(file.name.removesuffix(".toml") for file in _toml_files("loyalty.programme.programme.campaigns"))


def shipped_campaign(name: str) -> Document:
    """One shipped campaign file by its name without .toml, such as members_week_2022."""
    return read_document(files("loyalty.programme.programme.campaigns") / f"{name}.toml")


def read_document(file: Path | Traversable) -> Document:
    """A TOML file as a JSON-ready document. Raises tomllib.TOMLDecodeError and OSError."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: _plain(value) for name, value in document.items()}


def _documents(package: str) -> list[Document]:
    return [read_document(file) for file in sorted(_toml_files(package), key=lambda file: file.name)]


def _toml_files(package: str) -> list[Traversable]:
    return [file for file in files(package).iterdir() if file.name.endswith(".toml")]


def _plain(value: object) -> object:
    """TOML's dates as ISO texts, at any depth."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
