"""The sandbox of a checkout: `.mipoints/` with its data and secrets. Every command in the checkout finds it."""

import base64
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from loyalty.settings import Settings, read_settings
from loyalty.webhooks.producers import ASKABLE, PRODUCERS
from mipoints.problems import UserError

DEFAULT_URL = "http://127.0.0.1:8000"
_ENV_FILE = "sandbox.env"


def home() -> Path:
    """Returns the sandbox's directory: $MIPOINTS_HOME, or `.mipoints` in the current directory."""
    return Path(os.environ.get("MIPOINTS_HOME") or ".mipoints").absolute()


def settings() -> Settings:
    """The environment's settings, completed by the checkout's sandbox. Raises SettingsError."""
    found = read_settings(environment(), askable=ASKABLE)
    for name, url in (("DATABASE_URL", found.database_url), ("REDIS_URL", found.redis_url or "")):
        if not _is_address(url):
            raise UserError(f"MIPOINTS_{name} is no address: a port is a number, and an IPv6 host is in brackets.")
    return found


def _is_address(url: str) -> bool:
    """Returns whether the hosts (Postgres may have several) and their ports are well-formed."""
    try:
        hosts = urlsplit(url).netloc.rpartition("@")[2].split(",")
    except ValueError:
        return False
    return all(re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(:\d{0,5})?", host) for host in hosts)


def sandbox_settings() -> Settings:
    """Returns the settings for a command that only a sandbox allows. Raises Problem outside a sandbox."""
    current = settings()
    if not current.sandbox:
        raise UserError("This is for the sandbox only: set MIPOINTS_SANDBOX=on, or start one with `make run`.")
    return current


def environment() -> dict[str, str]:
    """Returns the sandbox's environment, overridden by the process's. The sandbox's is ignored if the process's
    environment names another database."""
    ours, environ = read_env_file(home()), dict(os.environ)
    names_another = "MIPOINTS_DATABASE_URL" in environ or (
        "DATABASE_URL" in environ and environ["DATABASE_URL"] != ours.get("MIPOINTS_DATABASE_URL")
    )
    return environ if names_another else ours | environ


def sandbox_url() -> str:
    """Returns the address of this checkout's API, whether it runs or not."""
    return environment().get("MIPOINTS_SANDBOX_URL", DEFAULT_URL)


def read_env_file(folder: Path) -> dict[str, str]:
    """Returns the settings that the sandbox has stored; empty if there is no sandbox."""
    try:
        lines = (folder / _ENV_FILE).read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:
        raise UserError(f"{folder / _ENV_FILE} belongs to somebody else: name another MIPOINTS_HOME.") from error
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write_env_file(folder: Path, values: Mapping[str, str]) -> None:
    """Stores the sandbox's settings and secrets in a file that only its owner can read."""
    path = folder / _ENV_FILE
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("# This checkout's sandbox, written by `mipoints dev`; its secrets open nothing else.\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    aside.replace(path)


def secrets_of(folder: Path) -> dict[str, str]:
    """Returns the sandbox's secrets; they are created once and stored."""
    known = read_env_file(folder) | dict(os.environ)
    return {
        "MIPOINTS_AUTH_SECRET": known.get("MIPOINTS_AUTH_SECRET") or secrets.token_urlsafe(48),
        "MIPOINTS_WEBHOOK_SECRETS": known.get("MIPOINTS_WEBHOOK_SECRETS") or _webhook_secrets(),
    }


def _webhook_secrets() -> str:
    """Creates a secret for each producer, so that `mipoints webhook send` works for all of them."""
    native = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return json.dumps({producer: [secrets.token_urlsafe(32)] for producer in PRODUCERS} | {"native": [native]})
