"""Counts where the pieces of one line are: pieces in boxes, and pieces that a fact names without a parcel (R34).

The pieces of a line look alike. A fact that names pieces and no parcel is first about pieces without other
news. If it names more pieces than that, it is also about pieces that have news: first those whose state it would not
change. For the others, the later fact counts, but a return to the sender always wins.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from loyalty.orders.rules.boxes import Box, ParcelPhase
from loyalty.orders.rules.facts import Delivered, Lost, Movement, ReturnedToSender, named_pieces

_UNDER_WAY = (ParcelPhase.IN_TRANSIT, ParcelPhase.EXPECTED)
_BEST_FIRST = (ParcelPhase.DELIVERED, *_UNDER_WAY, ParcelPhase.LOST, ParcelPhase.RETURNED)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Pieces of a line: those delivered, those delivered or still to come, and spares.

    A spare arrived beyond the pieces bought, after a piece was reported lost: it was sent in its place.
    """

    bought: int
    there: int
    possible: int
    spare: int = 0

    @property
    def undelivered(self) -> int:
        """Pieces that did not arrive."""
        return self.bought - self.there

    @property
    def hopeless(self) -> int:
        """Pieces that were given up (R31a)."""
        return self.bought - self.possible


def whereabouts(
    line_id: str, bought: int, boxes: Iterable[Box], loose: Iterable[Movement], given_up: int = 0
) -> Whereabouts:
    """Where the pieces of a line are. `loose` names pieces and no parcel; `given_up`: pieces not waited for (R31a)."""
    loads = _loads(line_id, boxes)
    named = [(fact, pieces) for fact in loose if (pieces := named_pieces(fact.lines).get(line_id))]
    line = _Line(bought, loads)
    for news in sorted([*_of_boxes(loads), *_of_named(named)]):
        line.apply(news)
    line.send_back(sum(pieces for fact, pieces in named if isinstance(fact, ReturnedToSender)))
    lost = given_up + sum(load.pieces for load in loads if load.was_lost)
    lost += sum(pieces for fact, pieces in named if isinstance(fact, Lost))
    spare = min(lost, max(0, line.arrived - bought))
    return Whereabouts(bought, line.there, max(line.there, line.possible - given_up), spare)


@dataclass(frozen=True, slots=True)
class _Load:
    """The line's pieces in one box, or in all boxes of one consignment: then the box that got furthest counts."""

    phase: ParcelPhase
    pieces: int
    at: datetime | None
    was_lost: bool


@dataclass(frozen=True, slots=True, order=True)
class _News:
    """Pieces arrived or were lost. If both have the same moment, the loss counts as later."""

    at: datetime
    is_loss: bool
    is_named: bool
    pieces: int


class _Place(Enum):
    OPEN = auto()
    HERE = auto()
    LOST = auto()
    GONE = auto()
    # pieces in boxes that were delivered, lost or returned, before that news is applied and after it
    BOX_COMING = auto()
    BOX_HERE = auto()
    BOX_TO_BE_LOST = auto()
    BOX_TO_BE_LOST_TWICE = auto()
    BOX_LOST = auto()
    BOX_SENT_BACK = auto()
    # pieces that are on their way to replace pieces that are gone
    SENT_AGAIN = auto()


@dataclass(slots=True)
class _Line:
    """The number of pieces in each place, while the news is applied, oldest first."""

    bought: int
    loads: Sequence[_Load]
    _at: Counter[_Place] = field(init=False)
    _lost_before: int = field(init=False, default=0)
    _again: int = field(init=False, default=0)
    """Pieces that were named as delivered after as many were named as lost, beyond those bought."""

    def __post_init__(self) -> None:
        here, lost, back = map(self._in, (ParcelPhase.DELIVERED, ParcelPhase.LOST, ParcelPhase.RETURNED))
        alive = max(self.bought - lost - back, min(self.bought, here))
        self._at = Counter()
        self._at[_Place.OPEN] = max(0, self.bought - here - lost - back)
        self._at[_Place.BOX_COMING] = here
        self._at[_Place.BOX_TO_BE_LOST] = lost
        self._at[_Place.BOX_SENT_BACK] = back
        self._at[_Place.SENT_AGAIN] = max(0, min(self.bought, here + self._in(*_UNDER_WAY)) - alive)

    @property
    def there(self) -> int:
        return min(self.bought, self._at[_Place.HERE] + self._at[_Place.BOX_HERE])

    @property
    def arrived(self) -> int:
        """Pieces that arrived, which may be more than were bought."""
        return self._at[_Place.HERE] + self._at[_Place.BOX_HERE] + self._again

    @property
    def possible(self) -> int:
        return min(self.bought, self.there + self._at[_Place.OPEN] + self._at[_Place.SENT_AGAIN])

    def apply(self, news: _News) -> None:
        """Applies one piece of news. All older news must have been applied."""
        if news.is_named:
            self._lose(news.pieces) if news.is_loss else self._find(news.pieces)
        elif news.is_loss:
            self._move(news.pieces, _Place.BOX_LOST, _Place.BOX_TO_BE_LOST, _Place.BOX_TO_BE_LOST_TWICE)
        else:
            self._move(news.pieces, _Place.BOX_HERE, _Place.BOX_COMING, _Place.LOST, _Place.HERE)

    def send_back(self, pieces: int) -> None:
        """Applies pieces named as returned to sender, at any time; they can be pieces that were lost."""
        gone = (_Place.LOST, _Place.BOX_LOST, _Place.BOX_SENT_BACK)
        self._move(pieces, _Place.GONE, _Place.OPEN, *gone, _Place.HERE, _Place.BOX_HERE, _Place.SENT_AGAIN)

    def _find(self, pieces: int) -> None:
        """Applies pieces named as delivered; they are not pieces whose box arrives or went back to the sender."""
        boxes = (_Place.BOX_COMING, _Place.BOX_HERE, _Place.BOX_SENT_BACK)
        capacity = self.bought - self._at[_Place.HERE] - sum(self._at[place] for place in boxes)
        found = min(pieces, max(0, capacity))
        self._move(found, _Place.HERE, _Place.OPEN, _Place.LOST, _Place.BOX_LOST)
        if all(load.phase is ParcelPhase.EXPECTED for load in self.loads):
            self._again = min(self._lost_before, self._again + pieces - found)

    def _lose(self, pieces: int) -> None:
        """Pieces named as lost; those in boxes that were lost, arrived later or went back may be meant."""
        self._lost_before += pieces
        left = self._move(pieces, _Place.LOST, _Place.OPEN, _Place.BOX_COMING, _Place.BOX_LOST)
        left = self._move(left, _Place.BOX_TO_BE_LOST_TWICE, _Place.BOX_TO_BE_LOST)
        left = self._move(left, _Place.GONE, _Place.BOX_SENT_BACK)
        self._move(left, _Place.LOST, _Place.HERE, _Place.BOX_HERE, _Place.SENT_AGAIN)

    def _move(self, pieces: int, there: _Place, *places: _Place) -> int:
        """Moves pieces out of these places, in this order, and returns how many pieces these places lacked."""
        for place in places:
            moved = min(pieces, self._at[place])
            self._at[place] -= moved
            self._at[there] += moved
            pieces -= moved
        return pieces

    def _in(self, *phases: ParcelPhase) -> int:
        return sum(load.pieces for load in self.loads if load.phase in phases)


def _loads(line_id: str, boxes: Iterable[Box]) -> list[_Load]:
    alone: list[_Load] = []
    shared: dict[str, _Load] = {}
    for box in boxes:
        if line_id not in box.pieces:
            continue
        was_lost = box.lost_at is not None
        load = _Load(box.phase, box.pieces[line_id], max(box.arrivals, default=box.lost_at), was_lost)
        if box.consignment is None:
            alone.append(load)
        else:
            shared[box.consignment] = _better(load, shared.get(box.consignment, load))
    return [*alone, *shared.values()]


def _better(one: _Load, other: _Load) -> _Load:
    """Returns the load that got further; if both got equally far, the larger number and the later moment."""
    if one.phase is not other.phase:
        return min(one, other, key=lambda load: _BEST_FIRST.index(load.phase))
    moments = [load.at for load in (one, other) if load.at is not None]
    was_lost = one.was_lost or other.was_lost
    return _Load(one.phase, max(one.pieces, other.pieces), max(moments, default=None), was_lost)


def _of_boxes(loads: Iterable[_Load]) -> list[_News]:
    ended = (ParcelPhase.DELIVERED, ParcelPhase.LOST)
    return [
        _News(load.at, load.phase is ParcelPhase.LOST, False, load.pieces)
        for load in loads
        if load.phase in ended and load.at is not None
    ]


def _of_named(named: Iterable[tuple[Movement, int]]) -> list[_News]:
    return [
        _News(fact.occurred_at, isinstance(fact, Lost), True, pieces)
        for fact, pieces in named
        if isinstance(fact, Delivered | Lost)
    ]
