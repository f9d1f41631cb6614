"""The Info that resolvers get: it holds the run, the site and the place, and computes everything else on first use."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from graphql import GraphQLResolveInfo
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from api.compiled.running import PlanRun, Site
from api.compiled.words import PathPlace

MakeInfo = Callable[[PlanRun, Site, StrawberryField, PathPlace], Info[Any, Any]]


@cache
def info_maker(class_: Any) -> MakeInfo:
    """How a schema's Info is made: a lazy subclass of it, or the class itself if it has its own `__init__`."""
    if class_.__init__ is not Info.__init__:
        return lambda run, site, field, place: class_(_raw_info=run.raw_info(site, place), _field=field)
    members = dict(_LAZY) if class_.context is Info.context else {k: v for k, v in _LAZY.items() if k != "context"}
    return type(class_.__name__, (class_,), members)


def _init(self: Any, run: PlanRun, site: Site, field: StrawberryField, place: PathPlace) -> None:
    self._run, self._site, self._field, self._place = run, site, field, place


def _raw_info(self: Any) -> GraphQLResolveInfo[Any]:
    run: PlanRun = self._run
    return run.raw_info(self._site, self._place)


def _context(self: Any) -> Any:
    return self._run.context


_raw = cached_property(_raw_info)
_raw.__set_name__(Info, "_raw_info")
_LAZY: dict[str, Any] = {"__init__": _init, "_raw_info": _raw, "context": property(_context)}
