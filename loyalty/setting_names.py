"""The names of settings in the environment, and names that look like settings but are none."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

PREFIX = "MIPOINTS_"

_OF_COMMANDS = ("HOME", "PORT", "SANDBOX_URL")
"""Variables that commands read by themselves (README.md)."""


def variable_of(name: str) -> str:
    """The environment's name of a setting, without its prefix: `pool_size` is POOL_SIZE."""
    return "TRUSTED_DOCUMENTS" if name == "only_trusted_documents" else name.upper()


def unknown_names(environ: Mapping[str, str], settings: Collection[str]) -> list[str]:
    """A sentence for each variable with our prefix and a value that is no setting, with the nearest one that is.

    A mistyped name would otherwise leave a limit or a secret at its default, unnoticed.
    """
    known = (*map(variable_of, settings), *_OF_COMMANDS)
    given = sorted(name.removeprefix(PREFIX) for name, text in environ.items() if text and name.startswith(PREFIX))
    return [_sentence(name, known) for name in given if name not in known]


def _sentence(name: str, known: Collection[str]) -> str:
    nearest = get_close_matches(name, known, 1)
    return (
        f"{PREFIX}{name} is no setting: {f'is it {PREFIX}{nearest[0]}?' if nearest else 'README.md lists all of them.'}"
    )
