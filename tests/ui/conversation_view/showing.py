"""Showing a conversation in a small app, and waiting until it is drawn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tests.ui.conversation_view.pane_app import PaneApp
from tests.ui.screen import screen_rows
from tests.ui.turns import reply
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Conversation
from tui_chat.core.event import Delta
from tui_chat.core.turn import Turn, TurnStatus


@asynccontextmanager
async def shown(first: Conversation, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[PaneApp, Pilot[None]]]:
    """An app that shows that conversation."""
    app = PaneApp()
    async with app.run_test(size=size) as pilot:
        app.pane.show(first)
        await pilot.pause()
        yield app, pilot


def live(*deltas: Delta, parent: str | None = None) -> tuple[Turn, Turn]:
    """A reply in flight, and the turn that those deltas make."""
    turn = reply(900, status=TurnStatus.STREAMING, parent_id=parent)
    builder = TurnBuilder(turn)
    for delta in deltas:
        builder.add(delta)
    return turn, builder.turn


async def settled(app: PaneApp, pilot: Pilot[None]) -> list[str]:
    """The screen, without the rail, once nothing more is to be drawn."""
    await pilot.pause()
    app.pane.flush()
    await pilot.pause()
    return [row.rstrip("▐ ") for row in screen_rows(app)]


def row_of(rows: list[str], text: str) -> int:
    """The row in which that text is shown."""
    return next(y for y, row in enumerate(rows) if text in row)
