"""Valid ids, names and keys: any text that a person can see and a log can show on one line."""

import unicodedata

_BREAKING = {"Cc", "Zl", "Zp"}
_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Zs"}
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's Bidi_Control: marks that show a text in another order than it is written."""


def problem_of_text(text: str, longest: int) -> str | None:
    """The sentence that says why a text is not valid as an id, name or key of at most `longest` characters; else None.

    A valid text is used unchanged, including blanks around it: ids are opaque.
    """
    if not 0 < len(text) <= longest:
        return f"This has 1 to {longest} characters."
    kinds = {unicodedata.category(each) for each in text}
    if kinds <= _UNSEEN:
        return "This is blanks only."
    if not unicodedata.is_normalized("NFC", text):
        return "This is not in Unicode's composed form (NFC): a text that looks the same would be another one."
    if kinds & _BREAKING or not _TURNING.isdisjoint(text):
        return "This holds line breaks, control characters, or marks that turn the direction of writing."
    return None
