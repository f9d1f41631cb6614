"""Each default stands once, in loyalty/settings.py: README's table and docker-compose.yml hold to it."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from starlette.applications import Starlette

from loyalty.setting_names import PREFIX, variable_of
from loyalty.settings import Settings, SettingsError, read_settings
from loyalty.webhooks.producers import ASKABLE
from mipoints.serving import server_config

ROOT = Path(__file__).parent.parent
DATABASE = {"MIPOINTS_DATABASE_URL": "postgresql://localhost/mipoints"}
SANDBOX_ONLY = {"SANDBOX", "AUTH_SECRET", "HOLD_SECONDS", "CLOCK_START"}


def variables() -> list[str]:
    return [variable_of(each.name) for each in fields(Settings)]


def defaults(environ: dict[str, str]) -> dict[str, str]:
    """What each variable is without a value of its own, as README writes it."""
    settings = read_settings(DATABASE | environ, askable=ASKABLE)
    return {variable_of(each.name): as_written(getattr(settings, each.name)) for each in fields(Settings)}


def as_written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or value == ():
        return ""
    return str(value) if isinstance(value, int) else f"`{value}`"


def default_cell(alone: str, sandbox: str) -> str:
    return "; ".join(filter(None, (alone, "" if sandbox == alone else f"sandbox: {sandbox}")))


def test_the_table_in_the_readme_has_every_setting_and_its_default():
    readme = (ROOT / "README.md").read_text("utf-8").partition("## Settings")[2]
    table = dict(re.findall(r"^\| `([A-Z_]+)` \| .+ \| (.*?) ?\|$", readme, re.MULTILINE))
    alone, sandbox = defaults({}), defaults({"MIPOINTS_SANDBOX": "on"})
    expected = {name: default_cell(alone[name], sandbox[name]) for name in variables()}
    assert table == expected | {"DATABASE_URL": "", "SANDBOX": "off"}
    assert list(table) == variables()


def test_a_service_of_compose_can_be_given_every_setting_but_the_sandbox_s():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    for name in ("migrate", "api", "worker"):
        given = [variable.removeprefix(PREFIX) for variable in compose["services"][name]["environment"]]
        assert sorted(given) == sorted(set(variables()) - SANDBOX_ONLY)


def test_compose_repeats_no_default():
    """What it does not ask for is passed on as it was set, and what was not set is as the settings have it."""
    environment = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["api"]["environment"]
    written = [name for name, value in environment.items() if value is not None and f"{{{name}:?" not in value]
    assert written == ["MIPOINTS_DATABASE_URL", "MIPOINTS_REDIS_URL"]


def test_the_readme_names_every_variable_that_is_read():
    """Those of the command line, such as MIPOINTS_HOME, too."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "mipoints").rglob("*.py"))
    named = {name.removeprefix(PREFIX) for name in re.findall(r"MIPOINTS_[A-Z]+(?:_[A-Z]+)*", source)}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in sorted(named) if f"`{name}`" not in readme and f"`{PREFIX}{name}`" not in readme] == []


def test_every_setting_can_be_set():
    production_only = {"MIPOINTS_AUTH_JWKS_URL"}
    texts = {
        "DATABASE_URL": "postgresql://localhost/mipoints",
        "REDIS_URL": "redis://localhost",
        "AUTH_JWKS_URL": "https://login.example/keys",
        "AUTH_SECRET": "a sandbox secret that is long enough for HS256",
        "WEBHOOK_SECRETS": '{"native": ["whsec_c2VjcmV0"]}',
        "PRODUCER_KEYS": '{"easypost": "EZAK"}',
        "SANDBOX": "on",
        "CLOCK_START": "2022-09-20T08:00:00Z",
        "PERSON_SALT": "set once and never changed",
        "GRAPHQL_MAX_COST": "1234",
        "TRUSTED_DOCUMENTS": "members",
        "OUTGOING_ALLOW_PRIVATE": "on",
        "ORIGINS": "https://www.mi.com",
        "COMPILED": "off",
    }
    given = {PREFIX + name: texts.get(name, "12345") for name in variables()}
    sandbox = read_settings(
        {name: text for name, text in given.items() if name not in production_only}, askable=ASKABLE
    )
    production = read_settings(DATABASE | {name: given[name] for name in production_only}, askable=ASKABLE)
    untouched = Settings(database_url="")
    same = {each.name for each in fields(Settings) if getattr(sandbox, each.name) == getattr(untouched, each.name)}
    assert same == {"auth_jwks_url"}
    assert production.auth_jwks_url == texts["AUTH_JWKS_URL"]


def test_every_problem_is_named_at_once():
    wrong = DATABASE | {"MIPOINTS_POOL_SIZE": "0", "MIPOINTS_SWEEP_SECONDS": "soon"}
    with pytest.raises(SettingsError) as error:
        read_settings(wrong, askable=ASKABLE)
    assert str(error.value).splitlines() == [
        "MIPOINTS_SWEEP_SECONDS is a number of seconds above zero, such as 0.5.",
        "MIPOINTS_POOL_SIZE is a whole number above zero.",
    ]


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://www.mi.com", ("https://www.mi.com",)),
        (" https://www.mi.com , http://localhost:3000,", ("https://www.mi.com", "http://localhost:3000")),
        ("https://[::1]:8443", ("https://[::1]:8443",)),
    ],
)
def test_origins_are_read_as_browsers_send_them(text: str, origins: tuple[str, ...]):
    assert read_settings(DATABASE | {"MIPOINTS_ORIGINS": text}, askable=ASKABLE).origins == origins


@pytest.mark.parametrize(
    "text",
    ["*", "null", "mi.com", "https://mi.com/", "https://mi.com/shop", "https://Mi.com", "https://mi.com:443", "ftp://mi.com",
     "https://", "https://me@mi.com", "https://mi.com:x", "https://mi.com:", "https://mi.com https://mi.es", "https://*.mi.com"],
)  # fmt: skip
def test_a_text_that_no_browser_sends_as_an_origin_is_refused(text: str):
    with pytest.raises(SettingsError, match="MIPOINTS_ORIGINS is origins"):
        read_settings(DATABASE | {"MIPOINTS_ORIGINS": text}, askable=ASKABLE)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"SANDBOX": "on", "AUTH_JWKS_URL": "https://login.example/keys"}, "contradict each other"),
        ({"SANDBOX": "on", "AUTH_SECRET": "x" * 31}, "MIPOINTS_AUTH_SECRET is a random text of at least 32 bytes"),
        ({"AUTH_SECRET": "x" * 32}, "MIPOINTS_AUTH_SECRET is for the sandbox"),
        ({"AUTH_JWKS_URL": "http://login.example/keys"}, "MIPOINTS_AUTH_JWKS_URL begins with https://"),
        ({"AUTH_JWKS_URL": "http://localhost.login.example/keys"}, "MIPOINTS_AUTH_JWKS_URL begins with https://"),
        ({"POOL_SISE": "5"}, "MIPOINTS_POOL_SISE is no setting: is it MIPOINTS_POOL_SIZE?"),
        ({"GRAPHQL_STRANGERS_BUDGET": "5"}, "is it MIPOINTS_GRAPHQL_STRANGER_BUDGET?"),
        ({"ONLY_TRUSTED_DOCUMENTS": "members"}, "is it MIPOINTS_TRUSTED_DOCUMENTS?"),
        ({"QQQ": "5"}, "MIPOINTS_QQQ is no setting: README.md lists all of them."),
    ],
)
def test_a_sandbox_by_mistake_or_a_name_by_mistake_stops_the_start(environ: dict[str, str], problem: str):
    with pytest.raises(SettingsError) as error:
        read_settings(DATABASE | {PREFIX + name: text for name, text in environ.items()}, askable=ASKABLE)
    (sentence,) = str(error.value).splitlines()
    assert problem in sentence


@pytest.mark.parametrize(
    "environ",
    [
        {"SANDBOX": "on", "AUTH_SECRET": "x" * 32},
        {"AUTH_JWKS_URL": "http://127.0.0.1:8080/keys"},
        {"AUTH_JWKS_URL": "http://[::1]/keys"},
        {"HOME": "/somewhere", "PORT": "8000", "SANDBOX_URL": "http://127.0.0.1:8000", "OF_NO_VALUE": ""},
    ],
)
def test_what_is_no_mistake_is_accepted(environ: dict[str, str]):
    assert read_settings(DATABASE | {PREFIX + name: text for name, text in environ.items()}, askable=ASKABLE)


def test_idle_connections_outlive_those_of_a_balancer():
    """Balancers keep theirs for 60 s; uvicorn's own 5 s would close them while a request is on its way."""
    assert server_config(Starlette(), Settings(database_url="")).timeout_keep_alive == 75
    assert server_config(Starlette(), Settings(database_url="", keep_alive_seconds=9)).timeout_keep_alive == 9
