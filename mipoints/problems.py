"""Turns a mistake of the person at the keyboard into one sentence on stderr and an exit code. Faults of ours rise."""

from collections.abc import Callable
from functools import wraps
from socket import gaierror
from typing import ParamSpec, TypeVar

import typer

P = ParamSpec("P")
T = TypeVar("T")

FAILED = 1
MISTYPED = 2


class UserError(Exception):
    """A mistake that the person at the keyboard can fix: a sentence that explains how, and the exit code."""

    def __init__(self, sentence: str, code: int = FAILED) -> None:
        self.code = code
        super().__init__(sentence)


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """Wraps a command: an expected failure prints its sentence on stderr and exits with the problem's code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            typer.echo(str(problem), err=True)
            raise typer.Exit(problem.code) from None

    return wrapped


def problem_of(error: Exception) -> UserError | None:
    """Returns the sentence for an expected failure, and None for a fault of ours."""
    from api.manifest import ManifestProblem
    from db.migrate import MigrationsDiffer
    from db.pool import DatabaseUnavailable
    from loyalty.outgoing.addresses import ForbiddenAddress
    from loyalty.outgoing.endpoints import EndpointProblem
    from loyalty.programme.rules.document import BadDocument
    from loyalty.programme.rules.durations import BadDuration
    from loyalty.refusals import InvalidInput
    from loyalty.settings import SettingsError
    from loyalty.token_keys import TokenProblem
    from mipoints.embedded.problems import EmbeddedServiceError
    from mipoints.seed_plan import CannotSeed

    if isinstance(error, UserError):
        return error
    if isinstance(error, BadDuration | TokenProblem | InvalidInput | ForbiddenAddress | EndpointProblem):
        return UserError(str(error), MISTYPED)
    if isinstance(
        error, SettingsError | MigrationsDiffer | EmbeddedServiceError | CannotSeed | BadDocument | ManifestProblem
    ):
        return UserError(str(error))
    if isinstance(error, DatabaseUnavailable):
        return UserError(f"{error} {_WHERE}")
    if isinstance(error, OSError) and error.filename is not None:
        return UserError(f"{error.filename}: {error.strerror}.")
    return None if isinstance(error, BrokenPipeError) else _problem_of_postgres(error)


_WHERE = "Is it running (`make run`)? MIPOINTS_DATABASE_URL says where it is."


def _problem_of_postgres(error: Exception) -> UserError | None:
    """Returns the sentence for a refusal of Postgres that the settings or the operator can fix, else None."""
    import asyncpg

    sentences: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (asyncpg.InvalidAuthorizationSpecificationError, "Postgres refuses the user or password of the database URL."),
        (asyncpg.InvalidCatalogNameError, "There is no such database: create it, or correct MIPOINTS_DATABASE_URL."),
        (asyncpg.InsufficientPrivilegeError, "The database's user may not do this: run it as the database's owner."),
        (
            (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError),
            "This database is not set up yet: run `mipoints migrate`.",
        ),
        (
            (ConnectionError, TimeoutError, gaierror, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError),
            f"Postgres is away. {_WHERE}",
        ),
    ]
    if isinstance(error, asyncpg.InvalidParameterValueError) and 'role "mipoints_app"' in str(error):
        return UserError("This database is not set up yet: run `mipoints migrate`.")
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return UserError(f"MIPOINTS_DATABASE_URL is no address that can be used: {error}.")
    return next((UserError(sentence) for kinds, sentence in sentences if isinstance(error, kinds)), None)
