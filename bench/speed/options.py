"""The options of a run: rows, sizes and durations."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes of the run.

    A turn of a row that reads takes at least `seconds` and `reads` requests; one that writes has `writes` requests.
    """

    members: int = 50_000
    entries: int = 40
    coupons: int = 3
    rounds: int = 5
    seconds: float = 3.0
    reads: int = 2_000
    writes: int = 1_000
    promises: int = 2_000
    active: int = 1_000
    connections: int = 16
    growth: tuple[int, int] = (1_000, 100_000)
    deep_pages: int = 1_000
    seed: int = 11
    rows: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    beside: Path | None = None
    with_redis: bool = False
    is_warmed: bool = True


QUICK = Options(
    members=5_000, rounds=3, seconds=1.0, reads=800, writes=400, promises=1_000, growth=(1_000, 10_000), deep_pages=200
)
SMOKE = Options(
    members=40, entries=25, coupons=1, rounds=1, seconds=0.2, reads=8, writes=8, promises=8, active=20, connections=4,
    growth=(5, 20), deep_pages=3, is_warmed=False,
)  # fmt: skip
