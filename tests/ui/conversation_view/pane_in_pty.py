"""Plays with the pane in a real terminal, at random but by a seed, and marks where the screen is to be compared.

Each mark is a window title: `drawn N` after a stretch of play, `painted N` after everything was painted again. Both
come when nothing is on its way any more, and play goes on when the terminal has the size that it is to have then.
With `stalled` in place of a seed it streams for a while and then marks `longest N`, the milliseconds that the loop
stood, and `queued N`, the writes that waited for the terminal.
"""

import asyncio
import random
import sys
import time
from dataclasses import replace

from textual.widgets import Input

from tests.ui.conversation_view.pane_app import Covering, PaneApp
from tests.ui.turns import conversation, exchanges, reply, thinking
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.ui.terminal.driver import TerminalDriver

TEXTS = (
    "word ",
    "longer-words and more ",
    "\n\n",
    "- item\n",
    "日本語 ",
    "**bold** ",
    "`code` ",
    "\n```py\nx = 1\n```\n",
)
STRETCHES = 12
SIZES = ((100, 30), (61, 18), (120, 40), (80, 24))
"""What the terminal is made after each of the first stretches."""


class CountingDriver(TerminalDriver):
    """Reports how often something was written."""

    writes = 0

    def write(self, data: str) -> None:
        self.writes += 1
        super().write(data)


class Player(PaneApp):
    """Does at random what a person and a provider do."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.driver_class = CountingDriver
        self.random = random.Random(seed)
        self.builder: TurnBuilder | None = None
        self.turns = 0

    def on_ready(self) -> None:
        self.box = self.query_one(Input)
        self.box.cursor_blink = False
        self.run_worker(self.play())

    async def play(self) -> None:
        """All stretches, each followed by the two marks."""
        self.pane.show(exchanges(4))
        for stretch in range(STRETCHES):
            for _ in range(self.random.randrange(5, 40)):
                self.step()
                await asyncio.sleep(self.random.choice((0, 0, 0.005, 0.02)))
            await self.mark(f"drawn {stretch}")
            self.screen.refresh()
            await self.mark(f"painted {stretch}")
            while stretch < len(SIZES) and self.size != SIZES[stretch]:
                await asyncio.sleep(0.01)
        self.exit()

    async def mark(self, title: str) -> None:
        await self.come_to_rest()
        self.report(title)

    def report(self, title: str) -> None:
        """Make the mark at once."""
        assert self._driver is not None
        self._driver.write(f"\x1b]2;{title}\x07")

    async def come_to_rest(self) -> None:
        """Wait until nothing was written for some turns of the loop, however long they take on a busy machine."""
        assert isinstance(self._driver, CountingDriver)
        count, quiet = -1, 0
        while quiet < 10:
            await asyncio.sleep(0.015)
            waits = self.pane._pacer._handle is not None or self.pane.prelayout._timer is not None
            quiet = 0 if waits or self._driver.writes != count else quiet + 1
            count = self._driver.writes

    def step(self) -> None:
        """One thing that happens."""
        pane, choose = self.pane, self.random.random()
        if choose < 0.6:
            self.stream()
        elif choose < 0.75:
            pane.action_scroll_line(self.random.randrange(-8, 9))
        elif choose < 0.8:
            self.random.choice((pane.action_end, pane.action_start))()
        elif choose < 0.85:
            self.fold()
        elif choose < 0.89:
            self.notify("a toast", timeout=self.random.choice((0.05, 600)))
        elif choose < 0.92:
            self.clear_notifications()
        elif choose < 0.95 and len(self.screen_stack) == 1:
            self.push_screen(Covering())
        elif len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.box.value += "typed "

    def stream(self) -> None:
        """More of a reply, or its beginning or end."""
        if self.builder is None:
            last = self.pane.viewport.turns.entries[-1].turn
            self.turns += 1
            turn = reply(100 + self.turns, parent_id=last.id, status=TurnStatus.STREAMING)
            self.builder = TurnBuilder(turn)
            self.pane.add_turn(turn)
        elif self.random.random() < 0.03:
            self.pane.end_turn(replace(self.builder.turn, status=TurnStatus.CANCELLED))
            self.builder = None
        else:
            delta = TextDelta(self.random.choice(TEXTS))
            self.builder.add(delta)
            self.pane.apply(delta)

    def fold(self) -> None:
        """A turn with thinking, unfolded."""
        if self.builder is None:
            self.pane.show(conversation(reply(1, thinking(), "said", parent_id=None)))
            self.pane.folding.toggle(0, 1)


class Stalled(Player):
    """Streams on while no one reads the terminal, and then does nothing for a while."""

    async def play(self) -> None:
        self.pane.show(exchanges(4))
        assert isinstance(self._driver, CountingDriver) and self._driver._writer is not None
        longest_s = 0.0
        began = last = time.monotonic()
        await self.mark("drawn 0")
        while last - began < 2:
            self.stream()
            await asyncio.sleep(0.002)
            longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()
        queued = self._driver._writer.waiting
        self.report(f"longest {longest_s * 1000:.0f}")
        self.report(f"queued {queued}")
        await asyncio.sleep(0.5)
        await self.mark("drawn 1")
        await asyncio.sleep(1)
        await self.mark("drawn 2")
        self.exit()


if __name__ == "__main__":
    (Stalled(0) if sys.argv[1] == "stalled" else Player(int(sys.argv[1]))).run()
