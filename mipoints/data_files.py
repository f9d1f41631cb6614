"""Reads and checks data files of terms and campaigns. A file is named by its path; a shipped one, also by its name."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from loyalty.programme.files import Document, read_document, shipped_campaign, shipped_campaign_names, shipped_terms
from loyalty.programme.load import campaigns_of_file, check_shipped
from loyalty.programme.rules.document import BadDocument
from loyalty.programme.rules.terms import Terms, by_market
from loyalty.programme.rules.terms_document import check_together, terms_from
from mipoints.problems import MISTYPED, UserError


@dataclass(slots=True)
class Checked:
    """The result of a check: the names of sound versions and campaigns, and a sentence for each faulty file."""

    sound: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def document_of(path: Path) -> Document:
    """Returns the content of a TOML file. Raises Problem if it cannot be read."""
    try:
        return read_document(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", MISTYPED) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML: {error}.", MISTYPED) from error


def campaign_document(named: str) -> Document:
    """Returns a campaign file, by its path or by the name of a shipped one. Raises Problem if there is none."""
    path = Path(named)
    if not path.exists() and named in shipped_campaign_names():
        return shipped_campaign(named)
    if not path.exists():
        names = ", ".join(shipped_campaign_names())
        raise UserError(f"There is no file {named}; the shipped campaigns are {names}.", MISTYPED)
    return document_of(path)


def check_shipped_files() -> Checked:
    """Checks every shipped file of terms and campaigns against its schema."""
    try:
        return Checked(sound=check_shipped())
    except BadDocument as error:
        return Checked(wrong=[str(error)])


def check_files(names: Iterable[str]) -> Checked:
    """Checks files of terms and campaigns against their schemas, together with the shipped terms and with each
    other."""
    documents = {name: document_of(Path(name)) for name in names}
    versions = [terms_from(each) for each in shipped_terms() if each not in documents.values()]
    checked = Checked()
    for name, document in sorted(documents.items(), key=lambda each: "campaigns" in each[1]):
        try:
            checked.sound += _check(document, versions)
        except BadDocument as error:
            checked.wrong.append(f"{name}: {error}")
    return checked


def _check(document: Document, versions: list[Terms]) -> list[str]:
    """Returns the names in a sound file. Terms are added to `versions`, so that later files are checked together with
    them. Raises BadDocument."""
    if "campaigns" in document:
        return [campaign.id for campaign in campaigns_of_file(document, by_market(versions))]
    terms = terms_from(document)
    check_together([*versions, terms])
    versions.append(terms)
    return [terms.version]
