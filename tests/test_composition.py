"""The API and the worker are made of the same settings."""

from loyalty.programme.programme import Programme
from mipoints.composition import opened_parts
from tests.support.stage import settings_for
from workers.run import open_sweeper


def as_set(programme: Programme) -> tuple[object, ...]:
    return (
        programme.hold_seconds,
        programme.velocity_per_minute,
        programme.person_salt,
        programme.takes_tests,
    )


async def test_the_api_and_the_worker_have_the_same_programme(database_url: str):
    """R71: a person's hash is the same whichever process makes it; test deliveries count in the sandbox alone."""
    settings = settings_for(database_url, hold_seconds=3, velocity_per_minute=7, person_salt="a salt of our own")
    async with opened_parts(settings) as parts:
        sweeper = await open_sweeper(settings)
        try:
            assert as_set(parts.programme) == as_set(sweeper.programme) == (3, 7, "a salt of our own", True)
            hashes = [await each.person_hash("mi-1", each.db) for each in (parts.programme, sweeper.programme)]
            assert hashes[0] == hashes[1]
        finally:
            await sweeper.programme.db.close()
