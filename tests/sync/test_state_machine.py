"""Whatever is done and whatever fails on several machines: all end up the same, nothing is lost (R1-R3, R7, R10).

`TUI_CHAT_SYNC_SCHEDULES=5000` plays more schedules; `TUI_CHAT_SYNC_SEED` is the first.
"""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.sync import machine
from tests.sync.directed import FOR_MUTANTS, SCHEDULES, play_directed
from tests.sync.machine import World, play
from tests.sync.mutants import MUTANTS, Patch

MANY = int(os.environ.get("TUI_CHAT_SYNC_SCHEDULES", "200"))
FIRST = int(os.environ.get("TUI_CHAT_SYNC_SEED", "0"))
ENOUGH = 400
"""Schedules among which every fault that needs no directed one is noticed."""


@pytest.mark.parametrize("seed", range(8))
def test_machines_converge_and_lose_nothing(seed: int) -> None:
    play(seed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(10))
def test_machines_converge_and_lose_nothing_in_many_schedules(block: int) -> None:
    for seed in range(FIRST + block, FIRST + MANY, 10):
        try:
            play(seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    print(f"{len(range(FIRST + block, FIRST + MANY, 10))} schedules: all the same everywhere, nothing lost")


@pytest.mark.parametrize("seed", range(4))
def test_clocks_that_are_ten_years_wrong_change_nothing_but_dates(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = without_dates(play(seed))
    monkeypatch.setattr(machine, "TEN_YEARS", timedelta(0))
    right = without_dates(play(seed))
    assert wrong == right and wrong


_DATES = (6, 7)
"""Where the dates of the archive and of the trash are in the canonical form, after the date of the conversation."""


def without_dates(world: World) -> dict[str, object]:
    """Return what the first machine has at the end, apart from moments."""
    return {
        conversation_id: (
            [(turn.id, turn.parent_id, turn.text, turn.status) for turn in turns],
            [field is not None if number in _DATES else field for number, field in enumerate(fields)],
            others,
        )
        for conversation_id, (turns, (_, *fields), *others) in world.outcome.items()
    }


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.__name__)
def test_machines_converge_in_directed_schedule(schedule: Callable[[], World]) -> None:
    play_directed(schedule)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_schedules_notice_mutant(mutant: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        if mutant.__name__ in FOR_MUTANTS:
            FOR_MUTANTS[mutant.__name__]()
        else:
            for seed in range(ENOUGH):
                play(seed)
