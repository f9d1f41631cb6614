"""Tokens that were verified, so that no signature is checked twice."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from loyalty.callers import Caller

_MOST = 4096


@dataclass(slots=True)
class VerifiedTokens:
    """The callers of verified tokens, by the tokens' exact text. A token with one other character is another token.

    Only the caller and the times between which the token is valid are kept. `most` bounds their number: the token that
    was used longest ago is dropped.
    """

    most: int = _MOST
    _callers: "OrderedDict[str, tuple[Caller, float, float]]" = field(default_factory=OrderedDict)

    def get(self, token: str) -> Caller | None:
        """The caller; None if the token has to be verified, because it is unknown or not valid now (`nbf`, `exp`)."""
        kept = self._callers.get(token)
        if kept is None or not kept[1] <= time.time() < kept[2]:
            return None
        self._callers.move_to_end(token)
        return kept[0]

    def put(self, token: str, begins: float, ends: float, caller: Caller) -> None:
        """Keeps a verified token's caller. It is valid from `begins` until `ends`, in seconds of the host's clock."""
        self._callers[token] = caller, begins, ends
        self._callers.move_to_end(token)
        if len(self._callers) > self.most:
            self._callers.popitem(last=False)

    def clear(self) -> None:
        """Forgets all tokens."""
        self._callers.clear()
