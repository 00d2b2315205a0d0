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
