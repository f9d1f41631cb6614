"""Chooses a server's operating-system account and the folder of its socket. Postgres refuses to run as root, and every
account can write to /tmp."""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from mipoints.embedded.problems import EmbeddedServiceError

SOCKET_PATH_BYTES = 103  # macOS takes 103, Linux 107
NOBODYS_UID = 65534


class Account:
    """The operating-system account that a server runs as."""

    def __init__(self, uid: int, gid: int) -> None:
        self.uid = uid
        self.gid = gid


def account_for(pgdata: Path) -> Account | None:
    """Returns the account for Postgres if we are root: the owner of the data, or for new data the account `nobody`.
    Returns None if we are not root: the server then runs as our own account."""
    if os.geteuid() != 0:
        return None
    owner = pgdata.stat() if pgdata.exists() else None
    return Account(owner.st_uid, owner.st_gid) if owner and owner.st_uid else Account(NOBODYS_UID, NOBODYS_UID)


def socket_folder(folder: Path, name: str, account: Account | None) -> Path:
    """Returns the folder itself, or one in /tmp if its path is too long for a socket or needs quoting in a URL.

    The same folder always gives the same result, so that a server that was left running is found. A folder in /tmp must
    belong to us, because every account can write there. Raises EmbeddedServiceError if it does not.
    """
    if len(bytes(folder / name)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[A-Za-z0-9/._-]+", str(folder)):
        return folder
    owner = account.uid if account else os.geteuid()
    short = Path("/tmp") / f"mipoints-{owner}-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}"  # noqa: S108
    with suppress(FileExistsError):
        short.mkdir(mode=0o700)
        if account:
            os.chown(short, account.uid, account.gid)
    state = short.lstat()
    if short.is_symlink() or state.st_uid != owner or state.st_mode & 0o077:
        raise EmbeddedServiceError(f"{short} belongs to somebody else; remove it, or use a shorter data directory.")
    return short


def let_pass(path: Path, account: Account) -> None:
    """Root only: the account may pass through the parents of this path, but not list them."""
    for parent in path.parents:
        state = parent.stat()
        if state.st_uid != account.uid and not state.st_mode & 0o001:
            parent.chmod(state.st_mode | 0o001)


def let_read(install: Path) -> None:
    """Root only: makes a package readable for the account, because it may have been installed under a strict umask."""
    for path in (install, *install.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | (0o005 if mode & 0o100 else 0o004)
        if mode != wanted:
            path.chmod(wanted)
