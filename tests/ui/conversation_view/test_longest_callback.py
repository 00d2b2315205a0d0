"""No callback of the event loop is long: keys wait for the one that runs."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.rendering.corpus import REPLY
from tests.ui.conversation_view.showing import live, settled, shown
from tests.ui.turns import conversation, prompt, reply
from tui_chat.core.event import TextDelta, TurnEnded
from tui_chat.core.turn import TurnStatus
from tui_chat.ui.startup.preload import load_ahead, load_lexers

_MOST_S = 0.15
"""Generous, so that only what grows with the text or the conversation is caught."""


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], float]]:
    """The CPU time of the longest callback since the last call."""
    # As the app does when it has started: what other tests left must not be collected within a callback.
    gc.collect()
    gc.freeze()
    spent = [0.0]
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        spent.append(time.thread_time() - began)

    monkeypatch.setattr(asyncio.Handle, "_run", timed)

    def take() -> float:
        most = max(spent)
        spent[:] = [0.0]
        return most

    yield take
    gc.unfreeze()


@pytest.mark.slow
async def test_no_callback_is_long_while_a_huge_reply_streams_faster_than_it_is_laid_out_and_ends(
    longest: Callable[[], float],
) -> None:
    load_ahead()
    load_lexers()
    long = "\n\n".join(f"## Part {number}\n\n{REPLY}" for number in range(1_000_000 // len(REPLY)))
    async with shown(conversation(prompt(0, "first", None))) as (app, pilot):
        app.pane.add_turn(live(parent="turn-0")[0])
        await settled(app, pilot)
        longest()
        for at in range(0, len(long), 5_000):
            app.pane.apply(TextDelta(long[at : at + 5_000]))
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert longest() < _MOST_S, "streaming"
        app.pane.scroller.scroll(-300)
        await settled(app, pilot)
        assert longest() < _MOST_S, "scrolling"
        streaming = app.pane.viewport.turns.streaming
        assert streaming is not None and streaming.is_behind
        app.pane.apply(TurnEnded(replace(streaming.turn, status=TurnStatus.COMPLETE)))
        await settled(app, pilot)
        app.pane.scroller.to_end()
        await settled(app, pilot)
        assert longest() < 2 * _MOST_S, "its end"


@pytest.mark.slow
async def test_no_callback_is_long_while_a_long_reply_is_opened_scrolled_and_followed(
    longest: Callable[[], float],
) -> None:
    load_ahead()
    load_lexers()
    long = "\n\n".join(f"## Part {number}\n\n{REPLY}" for number in range(800_000 // len(REPLY)))
    turns = [prompt(0, "first", None), reply(1, "short", parent_id="turn-0"), prompt(2, "second", "turn-1")]
    async with shown(conversation(*turns)) as (app, pilot):
        await settled(app, pilot)
        longest()
        app.pane.show(conversation(*turns, reply(3, long, parent_id="turn-2")))
        await settled(app, pilot)
        assert longest() < _MOST_S, "opening"
        for amount in (-1, -20, -300, 5, 40):
            app.pane.scroller.scroll(amount)
            await settled(app, pilot)
        app.pane.scroller.to_start()
        await settled(app, pilot)
        app.pane.scroller.to_end()
        await settled(app, pilot)
        assert longest() < _MOST_S, "scrolling"
        app.pane.add_turn(live(parent="turn-3")[0])
        for at in range(0, len(REPLY), 20):
            app.pane.apply(TextDelta(REPLY[at : at + 20]))
            await asyncio.sleep(0)
        await settled(app, pilot)
        assert longest() < _MOST_S, "streaming"


@pytest.mark.slow
async def test_no_callback_is_long_while_huge_code_streams_and_is_opened(longest: Callable[[], float]) -> None:
    load_ahead()
    load_lexers()
    text = (
        "```py\n" + "".join(f"def f{number}(x): return [x, {number}]  # one\n" for number in range(20_000)) + "```\n"
    )
    async with shown(conversation(prompt(0, "first", None))) as (app, pilot):
        app.pane.add_turn(live(parent="turn-0")[0])
        await settled(app, pilot)
        longest()
        for at in range(0, len(text), 5_000):
            app.pane.apply(TextDelta(text[at : at + 5_000]))
            await asyncio.sleep(0)
        streaming = app.pane.viewport.turns.streaming
        assert streaming is not None
        app.pane.apply(TurnEnded(replace(streaming.turn, status=TurnStatus.COMPLETE)))
        await settled(app, pilot)
        assert longest() < _MOST_S, "its end"
        app.pane.show(conversation(prompt(2, "other", None), reply(3, text, parent_id="turn-2")))
        await settled(app, pilot)
        app.pane.scroller.to_start()
        await settled(app, pilot)
        assert longest() < _MOST_S, "opening"
