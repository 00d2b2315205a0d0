"""The undo stack: the last change first, each once."""

import pytest

from tui_chat.ui.undo import UndoStack


async def test_undo_takes_the_last_change_back_first_and_each_once() -> None:
    undone: list[int] = []
    stack = UndoStack()

    def undo(number: int) -> None:
        async def run() -> None:
            undone.append(number)

        stack.push(run)

    undo(1)
    undo(2)
    assert await stack.undo_last() and await stack.undo_last()
    assert not await stack.undo_last()
    assert undone == [2, 1]


async def test_an_undo_that_fails_is_not_run_again() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    stack = UndoStack()
    stack.push(fail)
    with pytest.raises(ZeroDivisionError):
        await stack.undo_last()
    assert not await stack.undo_last()
