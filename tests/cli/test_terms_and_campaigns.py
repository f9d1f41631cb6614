"""`mipoints terms` and `mipoints campaign`: an operator shows, checks and loads data files (R2, R21, R22)."""

from pathlib import Path

import asyncpg
import pytest

from api.ids import GlobalId
from loyalty.programme.load import check_shipped
from tests.cli.commands import are_sentences, mipoints
from tests.support.processes import environment
from tests.support.stage import Stage

TERMS = Path("loyalty/programme/terms")
NO_DATABASE = environment("postgresql://nobody@127.0.0.1:9/nothing")


def be_terms(folder: Path, **more: str) -> Path:
    """Writes a terms file for Belgium: the Netherlands' terms with another market, version and zones."""
    text = (TERMS / "nl.toml").read_text("utf-8")
    changes = {'market = "NL"': 'market = "BE"', '"nl-': '"be-', '"Europe/Amsterdam"': '"Europe/Brussels"', **more}
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "be.toml"
    file.write_text(text, "utf-8")
    return file


def campaign_file(folder: Path, **more: str) -> Path:
    text = Path("loyalty/programme/campaigns/members_week_2022.toml").read_text("utf-8")
    for old, new in more.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "campaign.toml"
    file.write_text(text, "utf-8")
    return file


async def test_a_new_market_is_one_file(stage: Stage, database_url: str, tmp_path: Path):
    """R2: BE is not shipped; after its terms are loaded, a person joins there, earns, and sees its rewards."""
    refused = await stage.register("mi-be", "BE")
    assert (refused["__typename"], refused["code"]) == ("NotEligible", "MARKET_CLOSED")
    file = be_terms(tmp_path)
    checked = await mipoints("terms", "check", str(file), env=NO_DATABASE)
    assert (checked.returncode, checked.stdout.decode()) == (0, "sound: be-2020-01-01\n")
    loaded = await mipoints("terms", "load", str(file), env=environment(database_url))
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.decode().split() == ["loaded", "be-2020-01-01"] + [
        word for value in (5, 10, 20, 50) for word in ("loaded", f"be-{value}")
    ]
    joined = await stage.register("mi-be-2", "BE")
    member = joined["member"]
    assert (member["market"], member["timeZone"]) == ("BE", "Europe/Brussels")
    assert joined["verdict"]["points"] == 50
    rewards = await stage.ask('{ rewards(market: "BE") { cost } terms(market: "BE") { version } }')
    assert [each["cost"] for each in rewards["rewards"]] == [500, 1000, 2000, 5000]
    assert rewards["terms"] == {"version": "be-2020-01-01"}
    again = await mipoints("terms", "load", str(file), env=environment(database_url))
    assert again.stdout.decode() == "Nothing to do: this version is loaded already.\n"
    other = be_terms(tmp_path, **{"hold_seconds = 300": "hold_seconds = 600"})
    rewritten = await mipoints("terms", "load", str(other), env=environment(database_url))
    assert (rewritten.returncode, are_sentences(rewritten.stderr)) == (1, True)
    assert b"be-2020-01-01 is loaded already" in rewritten.stderr


def test_be_does_not_ship_and_every_shipped_file_is_sound():
    """R2, R22: ES FR IT DE NL and both GB versions; every `mipoints migrate` and CI check their schema."""
    versions = [name for name in check_shipped() if name[2] == "-" and name[3].isdigit()]
    assert versions == [
        "de-2020-01-01", "es-2020-01-01", "fr-2020-01-01", "gb-2020-01-01",
        "gb-2025-06-17", "it-2020-01-01", "nl-2020-01-01",
    ]  # fmt: skip


async def test_checking_needs_no_database_and_names_every_shipped_file():
    answer = await mipoints("terms", "check", env=NO_DATABASE)
    assert answer.returncode == 0
    for name in ("es-2020-01-01", "gb-2025-06-17", "members-week-2022-sign-up-gb", "double-points-2026-11-gb"):
        assert f"sound: {name}\n" in answer.stdout.decode()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"hold_seconds = 300": "hold_seconds = -1"}, "hold_seconds must be a whole number of at least 0."),
        ({"late_hours = 72": "late_hours = 433"}, "late_hours must be a whole number of 0 to 432."),
        ({"Europe/Brussels": "Europe/Bruges"}, "time_zones names Europe/Bruges"),
        ({'id = "be-5"': 'id = "es-5"'}, "rewards name es-5"),
        ({"minimum_age = 18": "minimum_ages = 18"}, "minimum_age must be"),
    ],
)
async def test_a_wrong_file_is_named_with_its_field(tmp_path: Path, more: dict[str, str], named: str):
    file = be_terms(tmp_path)
    text = file.read_text("utf-8")
    for old, new in more.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    good = campaign_file(tmp_path)
    answer = await mipoints("terms", "check", str(file), str(good), env=NO_DATABASE)
    assert answer.returncode == 1
    assert f"{file}: {named}" in answer.stderr.decode()
    assert b"sound: members-week-2022-app" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("terms", "show", "BE", "--shipped"), 2, "BE"),
        (("terms", "show", "GB", "--shipped", "--on", "soon"), 2, "date"),
        (("terms", "show", "GB", "--shipped", "--on", "2019-12-31"), 1, "2020-01-01"),
        (("terms", "diff", "GB", "gb-2020-01-01", "gb-2030", "--shipped"), 2, "gb-2030"),
        (("terms", "show", "ES"), 1, "Postgres"),
        (("terms", "check", "no-such-file"), 2, "no-such-file"),
        (("campaign", "load", "members_week_2023"), 2, "members_week_2022"),
        (("campaign", "load", "README.md"), 2, "TOML"),
        (("campaign", "list"), 1, "Postgres"),
    ],
)
async def test_an_error_is_a_sentence(arguments: tuple[str, ...], code: int, word: str):
    answer = await mipoints(*arguments, env=NO_DATABASE)
    assert (answer.returncode, answer.stdout) == (code, b"")
    assert are_sentences(answer.stderr), answer.stderr.decode()
    assert word in answer.stderr.decode()


async def test_terms_are_shown_as_of_a_day_and_compared(database_url: str):
    """R22: these settings changed in Great Britain on 17 June 2025."""
    env = environment(database_url)
    before = await mipoints("terms", "show", "gb", "--on", "2025-06-16", env=env)
    after = await mipoints("terms", "show", "GB", "--on", "2025-06-17", env=env)
    assert b"gb-2020-01-01" in before.stdout.splitlines()[1]
    assert b"gb-2025-06-17" in after.stdout.splitlines()[1]
    assert "200 points, once" in after.stdout.decode()
    today = await mipoints("terms", "show", "GB", env=env)
    assert today.stdout == after.stdout
    diff = await mipoints("terms", "diff", "GB", "gb-2020-01-01", "gb-2025-06-17", env=env)
    rows = [line.split()[0] for line in diff.stdout.decode().splitlines()[3:] if line.strip()]
    assert rows == [
        "version", "effective_from", "ways.SIGN_UP", "ways.APP_SIGN_IN", "ways.SOCIAL_SHARE", "ways.FUEL",
        "ways.FUEL_STREAK", "streak", "taking_back.SOCIAL_SHARE",
    ]  # fmt: skip
    same = await mipoints("terms", "diff", "GB", "gb-2025-06-17", "gb-2025-06-17", env=env)
    assert same.stdout == b"gb-2025-06-17 and gb-2025-06-17 do not differ.\n"


async def test_a_campaign_is_loaded_by_name_or_path_and_twice_is_once(database_url: str, tmp_path: Path):
    """R21."""
    env = environment(database_url)
    assert b"There are no campaigns" in (await mipoints("campaign", "list", env=env)).stdout
    first = await mipoints("campaign", "load", "members_week_2022", env=env)
    assert first.returncode == 0, first.stderr
    assert first.stdout.decode().count("loaded Members' Week 2022") == 6
    again = await mipoints("campaign", "load", "loyalty/programme/campaigns/members_week_2022.toml", env=env)
    assert again.stdout.decode().count("known already:") == 6
    assert (await mipoints("campaign", "load", "double_points_example", env=env)).returncode == 0
    listed = (await mipoints("campaign", "list", env=env)).stdout.decode()
    assert listed.count("Members' Week 2022") == 6
    assert "mi-band-9, redmi-watch-5" in listed
    changed = campaign_file(tmp_path, **{"bonus = 100": "bonus = 200"})
    refused = await mipoints("campaign", "load", str(changed), env=env)
    assert (refused.returncode, are_sentences(refused.stderr)) == (1, True)
    typo = campaign_file(tmp_path, **{'"PURCHASE"': '"PURCHASES"', "members-week": "other-week"})
    refused = await mipoints("campaign", "load", str(typo), env=env)
    assert (refused.returncode, b"PURCHASES, which is no way to earn" in refused.stderr) == (1, True)


async def test_migrate_loads_no_campaign_and_no_member(owner: asyncpg.Connection, database_url: str):
    """R21: an operator loads campaigns, and `mipoints dev` loads the demo."""
    answer = await mipoints("migrate", env=environment(database_url))
    assert answer.returncode == 0, answer.stderr
    for table in ("campaigns", "members", "operator_log"):
        assert await owner.fetchval(f"select count(*) from {table}") == 0
    assert await owner.fetchval("select count(*) from terms") == 7


async def test_a_loaded_campaign_can_be_ended_by_an_operator(stage: Stage, database_url: str):
    await mipoints("campaign", "load", "double_points_example", env=environment(database_url))
    campaign_id = await stage.owner.fetchval("select campaign_id from campaigns where 'ES' = any(markets)")
    ended = await stage.ask(
        'mutation($id: ID!) { endCampaign(id: $id, idempotencyKey: "k") { __typename } }',
        {"id": str(GlobalId("Campaign", local=str(campaign_id)))},
        stage.token(scope="operator"),
    )
    assert ended["endCampaign"]["__typename"] == "CampaignSaved"
    listed = await mipoints("campaign", "list", env=environment(database_url))
    assert " ended " in listed.stdout.decode()
