"""Replies of real models, from the recorded streams next to the repository; nothing where they are missing."""

import json
from pathlib import Path

STREAMS = Path(__file__).parents[2] / ".." / "shared" / "streams"


def recorded_replies() -> list[str]:
    """The texts of the recorded streams."""
    found = []
    for path in sorted(STREAMS.glob("*/*.json")):
        text = json.loads(path.read_text(encoding="utf-8"))["expected"].get("text")
        if isinstance(text, str) and text:
            found.append(text)
    return found
