"""Writes a ChatGPT export of any size, and measures what importing one takes; run as a program to measure."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORDS = "The quick brown fox – jumps over “the” lazy dog, überall und immer wieder. \n\n```python\nprint('x')\n```\n"


def write_export(path: Path, size: int) -> int:
    """A `conversations.json` of at least so many bytes; how many conversations it has."""
    number = written = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        while written < size:
            text = json.dumps(_conversation(number), ensure_ascii=number % 2 == 0)
            written += file.write(("," if number else "") + text)
            number += 1
        file.write("]")
    return number


def _conversation(number: int) -> dict[str, Any]:
    """One of 40 messages, now and then one of 4,000, with as many fields besides the text as real ones have."""
    nodes = list(_nodes(number, 4_000 if number % 200 == 7 else 40))
    return {
        "title": f"Conversation {number}",
        "create_time": 1.7e9 + number,
        "update_time": 1.7e9 + number + 0.5,
        "mapping": {node["id"]: node for node in nodes},
        "current_node": nodes[-1]["id"],
        "conversation_id": f"conversation-{number}",
        "default_model_slug": "gpt-5",
    }


def _nodes(number: int, count: int) -> Iterator[dict[str, Any]]:
    for index in range(count):
        role = "assistant" if index % 2 else "user"
        metadata = {"model_slug": "gpt-5", "request_id": "r" * 36, "citations": [], "content_references": []}
        scores = {f"score_{n}": n / 7 for n in range(100)}
        yield {
            "id": f"{number}-{index}",
            "parent": f"{number}-{index - 1}" if index else None,
            "children": [f"{number}-{index + 1}"] if index + 1 < count else [],
            "message": {
                "id": f"{number}-{index}",
                "author": {"role": role, "name": None, "metadata": {}},
                "create_time": 1.7e9 + number + index / 100,
                "content": {"content_type": "text", "parts": [f"{index} " + WORDS * (index % 9 + 1)]},
                "status": "finished_successfully",
                "metadata": metadata | {"classifier": scores},
                "recipient": "all",
            },
        }


async def measure(export: Path, database: Path) -> dict[str, float]:
    """Import the export into a new database."""
    from tui_chat.service.import_export import import_file
    from tui_chat.storage.store import Store

    store = await Store.open(database)
    before, started = _peak_mb(), time.monotonic()
    report = await import_file(store, export)
    seconds = time.monotonic() - started
    await store.aclose()
    counts = {"added": report.added, "turns": report.turns, "skipped": len(report.skipped)}
    return counts | {"seconds": seconds, "before_mb": before, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage returns is inherited from the parent process.
        (peak,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1]), Path(sys.argv[2])))))
