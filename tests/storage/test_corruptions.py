"""Whatever happens to the file: no traceback, no hang, nothing lost without a word.

`TUI_CHAT_CORRUPTIONS=500` damages more databases and prints figures.
"""

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.storage.corruptions import KINDS, MARK, MARK_BYTES, Shape, damaged, shapes
from tui_chat.core.error import ChatError, NotFound, StorageError
from tui_chat.formats.native import dumps
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

COUNT = int(os.environ.get("TUI_CHAT_CORRUPTIONS", "30"))
IS_LONG = "TUI_CHAT_CORRUPTIONS" in os.environ


@dataclass
class Outcome:
    """What a user saw of a damaged library."""

    marks: set[str] = field(default_factory=set)
    reports: list[str] = field(default_factory=list)
    """Errors, notices and findings, each of which reports that something is wrong."""


async def look(path: Path, outcome: Outcome, *, repair: bool = False) -> bool:
    """Open, read and export everything; whether `check` calls the library whole afterwards."""
    try:
        store = await Store.open(path)
    except StorageError as error:
        outcome.reports.append(f"refused: {error.message}")
        return False
    try:
        if repair:
            mended = await store.repair()
            outcome.reports += [f"mended: {mended.found}"] if not mended.found.is_healthy else []
        outcome.marks = await read_all(store, outcome)
        checkup = await store.check()
        outcome.reports += [f"found: {checkup}"] if not checkup.is_healthy else []
        if store.opening.damaged_moved_to is not None:
            assert store.opening.damaged_moved_to.exists()
            outcome.reports.append(f"rescued: {store.opening.damage}")
        if store.opening.met_damaged_value:
            outcome.reports.append("met a damaged value")
        return checkup.is_healthy
    except StorageError as error:
        outcome.reports.append(f"failed: {error.message}")
        return False
    finally:
        await store.aclose()


async def read_all(store: Store, outcome: Outcome) -> set[str]:
    """The marks of all turns that can be shown and exported."""
    marks: set[str] = set()
    for archived, deleted in ((False, False), (True, False), (False, True)):
        for summary in await store.summaries(limit=1000, archived=archived, deleted=deleted):
            try:
                found = await store.conversation(summary.id)
            except (StorageError, NotFound) as error:
                outcome.reports.append(f"unreadable: {error.message}")
                continue
            assert found.path or not found.turns or found.head is None
            marks |= set(MARK.findall(json.dumps(json.loads(dumps(found)))))
    return marks


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_no_corruption_loses_anything_without_a_word(tmp_path: Path) -> None:
    made = await shapes(tmp_path / "shapes")
    figures: Counter[str] = Counter()
    for seed in range(COUNT):
        shape, kind = made[seed % len(made)], KINDS[(seed // len(made) + seed) % len(KINDS)]
        path = tmp_path / str(seed) / DATABASE
        try:
            bytes_left = damaged(shape, kind, path, Random(seed))
            await hold(path, shape, bytes_left, figures, f"seed {seed}: {kind.__name__} of {shape.name}")
        finally:
            shutil.rmtree(path.parent)
    if IS_LONG:
        print(dict(sorted(figures.items())))


async def hold(path: Path, shape: Shape, bytes_left: bytes, figures: Counter[str], which: str) -> None:
    outcome = Outcome()
    try:
        for _ in range(3 if IS_LONG else 1):
            await look(path, outcome)
        whole = await look(path, outcome, repair=True)
        reports_before, outcome.reports = outcome.reports, []
        whole = await look(path, outcome) and whole
    except (ChatError, AssertionError) as error:
        raise AssertionError(which) from error
    if not whole:
        assert all(report.startswith("refused") for report in outcome.reports) and outcome.reports, (which, outcome)
        figures["refused with a sentence"] += 1
        return
    assert not outcome.reports, (which, outcome.reports)
    lost = shape.marks - outcome.marks
    in_bytes = {mark.decode() for mark in MARK_BYTES.findall(bytes_left)}
    assert not lost or reports_before, (which, sorted(lost))
    figures["all marks kept" if not lost else "marks lost, and reported"] += 1
    if missed := in_bytes - outcome.marks:
        figures["fewer than the bytes hold"] += 1
        figures["turns missed that the bytes hold"] += len(missed)
        if IS_LONG:
            print(which, len(lost), "lost,", len(missed), "of them still in the bytes")
