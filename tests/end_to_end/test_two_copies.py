"""Two copies of the program on one database: nothing is lost, none is locked out, each sees changes of the other."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.two_copies import crc
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import TurnStatus
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

SECONDS = float(os.environ.get("TUI_CHAT_TWO_COPIES_S", "4"))
SEES_WITHIN_S = 2.0
_START_AND_END_S = 60.0


async def _copy(folder: Path, home: Path, name: str, seed: int) -> list[dict[str, Any]]:
    """The output of one copy, line by line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.two_copies", str(folder), name, str(seed), str(SECONDS)),
        cwd=ROOT,
        env=clean_environment(home, TUI_CHAT_DEMO_PACE="0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.timeout(SECONDS + 2 * _START_AND_END_S)
async def test_two_copies_at_random_work_lose_nothing_and_see_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    outputs = await asyncio.gather(*(_copy(folder, tmp_path, name, seed) for seed, name in enumerate("ab")))
    store = await Store.open(folder / DATABASE)
    assert store.opening.damaged_moved_to is None and store.opening.interrupted == ()
    turns = 0
    found: dict[str, Conversation] = {}
    for lines in outputs:
        *kept, met = lines
        print(json.dumps(met))
        assert met["complaints"] == [] and met["sent"] == len(kept) > 0
        assert met["seen"] > 0 and met["longest_lag_s"] < SEES_WITHIN_S
        for of, turn_id, prompt_id, status, checksum in (line["kept"] for line in kept):
            if of not in found:
                found[of] = await store.conversation(of)
            turn = found[of].turn(turn_id)
            assert (turn.parent_id, turn.status, crc(turn.text)) == (prompt_id, status, checksum)
            assert turn.status in (TurnStatus.COMPLETE, TurnStatus.CANCELLED)
            turns += 2
    assert (await store.stats()).turns == turns
    assert (await store.check()).is_healthy
    await store.aclose()
