"""A file of gigabytes is imported in the memory that its largest conversation needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats.large import write_export

SIZE_MB = int(os.environ.get("LARGE_IMPORT_MB", "60"))
"""1000 for the whole proof; less keeps the suite short and shows the same."""
MOST_MB = 300
ROOT = Path(__file__).parent.parent.parent


CHATGPT = """{"title": "Million", "conversation_id": "m", "mapping": {%s}}"""
NODE = """"n%d": {"id": "n%d", "parent": "n%d", "children": [], "message": {"author": {"role": "user"},
"content": {"content_type": "text", "parts": ["turn number %d"]}}}"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_conversation_of_a_million_messages_is_refused_in_little_memory(tmp_path: Path) -> None:
    export, database = tmp_path / "conversations.json", tmp_path / "data" / "conversations.db"
    nodes = ",".join(NODE % (n, n, n - 1, n) for n in range(1_000_000))
    small = NODE % (0, 0, -1, 0)
    export.write_text(f"[{CHATGPT % nodes}, {CHATGPT % small}]")
    assert export.stat().st_size > 150_000_000
    run = subprocess.run(
        [sys.executable, "-m", "tests.formats.large", str(export), str(database)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    measured = json.loads(run.stdout)
    assert (measured["added"], measured["turns"], measured["skipped"]) == (1, 1, 1)
    assert measured["peak_mb"] < MOST_MB


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_large_export_is_imported_in_little_memory(tmp_path: Path) -> None:
    export, database = tmp_path / "conversations.json", tmp_path / "data" / "conversations.db"
    conversations = write_export(export, SIZE_MB * 1_000_000)
    run = subprocess.run(
        [sys.executable, "-m", "tests.formats.large", str(export), str(database)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    measured = json.loads(run.stdout)
    print(f"{SIZE_MB} MB, {conversations} conversations: {measured}")
    assert (measured["added"], measured["skipped"]) == (conversations, 0)
    assert measured["peak_mb"] < MOST_MB
