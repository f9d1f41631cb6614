"""docs/glossary.md is true: each word has one row, and each file that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROWS = re.findall(
    r"^\| \*\*(.+?)\*\* \| (.+) \| (.+) \| `(.+?)` \|$", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE
)


def test_each_word_has_one_row():
    words = [word for word, *_ in ROWS]
    assert len(words) > 50
    assert len(words) == len(set(words))


def test_each_file_that_a_word_names_exists():
    assert [file for *_, file in ROWS if not (ROOT / file).is_file()] == []
