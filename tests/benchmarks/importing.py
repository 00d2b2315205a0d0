"""How long the import of a large export takes, next to a plain script that parses it, stores it and indexes it."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.generated import library
from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.session import environment
from tests.benchmarks.subjects import product
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import Broken
from tui_chat.core.conversation import Conversation

PLAIN = """
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("CREATE TABLE turn (conversation TEXT, id TEXT, parent TEXT, role TEXT, created REAL, text TEXT)")
db.execute("CREATE VIRTUAL TABLE search USING fts5 (text, content = 'turn')")
for conversation in json.load(open(sys.argv[1], encoding="utf-8")):
    for node in conversation["mapping"].values():
        message = node["message"]
        role, text = message["author"]["role"], "".join(message["content"]["parts"])
        row = (conversation["conversation_id"], node["id"], node["parent"], role, message["create_time"], text)
        db.execute("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?)", row)
db.execute("INSERT INTO search (search) VALUES ('rebuild')")
db.commit()
"""
_TURNS_EACH = 20


def write_export(path: Path, size: int) -> None:
    """Write a `conversations.json` of ChatGPT's data export that has at least so many bytes."""
    with path.open("w", encoding="utf-8") as file:
        written = file.write("[")
        for one in library(1_000_000, 1_000_000 * _TURNS_EACH):
            if written >= size:
                break
            if one.turns:
                separator = "" if written == 1 else ",\n"
                written += file.write(separator + json.dumps(_exported(one)))
        file.write("]")


def _exported(conversation: Conversation) -> dict[str, Any]:
    return {
        "title": conversation.title,
        "create_time": conversation.created_at.timestamp(),
        "update_time": conversation.updated_at.timestamp(),
        "mapping": dict(_nodes(conversation)),
        "current_node": conversation.head,
        "conversation_id": conversation.id,
        "default_model_slug": "gpt-5",
    }


def _nodes(conversation: Conversation) -> Iterator[tuple[str, dict[str, Any]]]:
    for turn in conversation.turns:
        message = {
            "id": turn.id,
            "author": {"role": turn.role.value, "name": None, "metadata": {}},
            "create_time": turn.created_at.timestamp(),
            "content": {"content_type": "text", "parts": [turn.text]},
            "status": "finished_successfully",
            "metadata": {"model_slug": "gpt-5", "request_id": turn.id * 2, "citations": [], "timestamp_": "absolute"},
            "recipient": "all",
        }
        children = [child.id for child in conversation.children_of(turn.id)]
        yield turn.id, {"id": turn.id, "parent": turn.parent_id, "children": children, "message": message}


def import_export(subject: Subject, scale: Scale) -> Figures:
    """Import an export with the command line; the plain script is the bare baseline."""
    if subject.name not in ("bare", "product"):
        return {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        export = home / "conversations.json"
        write_export(export, scale.import_mb * 1_000_000)
        commands = {
            "bare": [sys.executable, "-c", PLAIN, str(export), str(home / "plain.db")],
            "product": product.command(home / "data", "import", str(export)),
        }
        taken_s = _run_s(commands[subject.name], home)
        return {"import of an export, for 1 GB": taken_s * 1e9 / export.stat().st_size}


def _run_s(command: list[str], home: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, env=environment(home), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Broken(f"the import ended with {done.returncode}: {done.stderr.decode()[-300:]}")
    return time.perf_counter() - began
