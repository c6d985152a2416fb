"""Puts a table where a file wants it."""

import sys
from pathlib import Path


def put_into(path: Path, name: str, lines: list[str]) -> None:
    """Replaces what stands between the two markers of this name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    text = path.read_text()
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"{path} lacks the markers {begin.strip()} and {end.strip()}, each on a line of its own")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    path.write_text(before + begin + "\n".join(lines) + "\n" + end + after)
