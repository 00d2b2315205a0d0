"""Compares two replies to the same prompt, also while both stream, and keeps one. Must not know the service."""

import asyncio
import time
from collections.abc import Sequence

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Static

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.event import (
    ApprovalAsked,
    ReplyEvent,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    TurnEnded,
    TurnStarted,
    UsageChanged,
)
from tui_chat.core.format_numbers import dollars, duration, short_tokens
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Cost, Usage
from tui_chat.service.reply import Reply
from tui_chat.ui.compare.reply_view import WHEEL_ROWS, ReplyColumn
from tui_chat.ui.compare.word_diff import word_diff
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import fitted_hint, hint_content, hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.press_again import PressAgain
from tui_chat.ui.widgets.notice_line import NoticeLine
from tui_chat.wording import ending, explain

SIDE_BY_SIDE_FROM = 120
"""Columns; a narrower window has one reply above the other."""
_FRAME_S = 1 / 20
_KEEPS = ("compare.keep_left", "compare.keep_right")


class Side:
    """One of the two replies, and its figures so far."""

    def __init__(self, turn: Turn, place: str, reply: Reply | None) -> None:
        self.turn = turn
        self.place = place
        """Its number among its siblings."""
        self.reply = reply if reply is not None and reply.ended is None else None
        self.state = ""
        self._started_s = time.monotonic()
        self._usage: Usage | None = turn.usage
        self._cost: Cost | None = turn.cost

    def take(self, event: ReplyEvent) -> None:
        match event:
            case TextDelta():
                self.state = ""
            case ThinkingDelta():
                self.state = "thinking"
            case UsageChanged(usage, cost):
                self._usage, self._cost = usage, cost
            case RetryScheduled(attempt, _, error):
                self.state = f"{explain(error).sentence} Attempt {attempt} follows."
            case ApprovalAsked():
                self.state = "a tool call waits for an answer: keep this reply to give it"
            case TurnStarted(turn=turn):
                self.turn = turn
            case TurnEnded(turn=turn):
                self.turn, self.reply, self.state = turn, None, ""
                self._usage, self._cost = turn.usage, turn.cost

    @property
    def heading(self) -> str:
        """The model, and the number among the siblings."""
        return f"{self.place}  {clean_line(self.turn.model)}".strip()

    def figures(self, *, costs: bool) -> str:
        """Return its state, time, tokens and cost, as far as they are known."""
        words = ending(self.turn) if self.reply is None else None
        shown = [self.state or (words.sentence.removesuffix(".") if words is not None else "")]
        if self.reply is not None:
            shown.append(duration(time.monotonic() - self._started_s))
        elif self.turn.duration_ms:
            shown.append(duration(self.turn.duration_ms / 1000))
        if (usage := self._usage) is not None and not usage.unknown:
            mark = "~" if usage.estimated else ""
            shown.append(f"in {mark}{short_tokens(usage.total_input_tokens)}")
            shown.append(f"out {mark}{short_tokens(usage.output_tokens)}")
        if costs and self._cost is not None:
            shown.append(dollars(self._cost.total_usd, estimated=self._cost.estimated))
        return " · ".join(filter(None, shown))


class CompareScreen(ModalScreen[str | None]):
    """The result is the id of the reply to keep; `None` if the user only looked."""

    CSS_PATH = "compare.tcss"
    SCOPE = Scope.COMPARE

    title_line = query_one("#title", Static)
    hint = query_one("#hint", Static)
    notice_line = query_one(NoticeLine)

    def __init__(
        self,
        keys: Keyboard,
        conversation: Conversation,
        turn_ids: tuple[str, str],
        replies: Sequence[Reply] = (),
        *,
        measure: int,
        costs: bool = True,
    ) -> None:
        """`replies` are those that stream."""
        super().__init__()
        self._keys = keys
        self._conversation = conversation
        self._siblings = [turn.id for turn in conversation.siblings_of(turn_ids[0])]
        live = {reply.turn_id: reply for reply in replies}
        self._sides = [self._side(turn_id, live.get(turn_id)) for turn_id in turn_ids]
        self._columns = [ReplyColumn(measure) for _ in turn_ids]
        self._costs = costs
        self._row = 0
        self._follows = bool(replies)
        """Whether the end of both stays visible as they grow."""
        self._shows_words = False
        self._kept: str | None = None
        self._press_again = PressAgain()

    def _side(self, turn_id: str, reply: Reply | None = None) -> Side:
        place = f"‹{self._siblings.index(turn_id) + 1}/{len(self._siblings)}›"
        return Side(self._conversation.turn(turn_id), place, reply)

    def compose(self) -> ComposeResult:
        yield Static("Compare replies", id="title", markup=False)
        yield Container(*self._columns, id="columns")
        yield NoticeLine(self._keys, takes_room=False)
        yield Static("", id="hint", markup=False)

    def on_mount(self) -> None:
        self._keys.bind(self, Scope.COMPARE)
        self._fit()
        for column, side in zip(self._columns, self._sides, strict=True):
            column.text.show(side.turn.text, is_ended=side.reply is None)
            if side.reply is not None:
                self._follow(side, side.reply, column)
        self._timer = self.set_interval(_FRAME_S, self._draw, pause=not self._is_live)
        self.call_after_refresh(self._draw)

    @property
    def _is_live(self) -> bool:
        return any(side.reply is not None for side in self._sides)

    @work(exit_on_error=False)
    async def _follow(self, side: Side, reply: Reply, column: ReplyColumn) -> None:
        async for event in reply:
            side.take(event)
            match event:
                case TextDelta(text):
                    column.text.append(text)
                case TurnStarted(turn=turn):
                    column.text.show(turn.text, is_ended=False)
                case TurnEnded(turn=turn):
                    column.text.end(turn.text)
        if not self._is_live:
            self._timer.pause()
        self._draw()

    def _draw(self) -> None:
        """Show what came in since the last frame, and where both are scrolled to."""
        if self not in self.app.screen_stack:  # its widgets are being removed
            return
        for column, side in zip(self._columns, self._sides, strict=True):
            column.label(Content(side.heading), Content(side.figures(costs=self._costs)))
            column.text.scroll_to_row(self._row, following=self._follows)
        steps: list[str | tuple[str, str]] = [*_KEEPS]
        if self._is_live:
            steps.append(("compare.close", "stop both"))
        else:
            steps.append(("compare.words", "text" if self._shows_words else "words"))
            steps += [("compare.previous compare.next", "other")] if len(self._siblings) > 2 else []
            steps += [("compare.down compare.up", "scroll"), "compare.close"]
        hint = fitted_hint(hint_line(self._keys, *steps), self.hint.content_size.width)
        self.hint.update(hint_content(hint))

    def on_resize(self) -> None:
        self._fit()
        self.call_after_refresh(self._draw)

    def _fit(self) -> None:
        self.set_class(self.app.size.width >= SIDE_BY_SIDE_FROM, "-side-by-side")

    # Keeping one

    async def action_keep(self, which: int) -> None:
        """Keep one; the other one stays a branch. One that still streams stops, which is asked about first."""
        if self._sides[1 - which].reply is not None and not self._press_again.confirms(f"keep {which}"):
            key, place = self._keys(_KEEPS[which]), ("first", "second")[which]
            sentence = f"Press {key} again to keep the {place} reply and stop the other."
            self.notify(sentence, timeout=self._press_again.within_s)
            return
        self._kept = self._sides[which].turn.id
        await self._stop(self._sides[1 - which])
        self.dismiss(self._kept)

    async def action_close(self) -> None:
        """Stop both, which keeps what arrived; with nothing to stop, close."""
        if self._is_live:
            await self._stop(*self._sides)
        else:
            self.dismiss(None)

    def action_leave(self) -> None:
        """Close if nothing streams."""
        if self._is_live:
            self.notify(f"The replies are still streaming; {self._keys('compare.close')} stops both.")
        else:
            self.dismiss(None)

    @property
    def must_stay_open(self) -> bool:
        """Whether closing would stop a reply."""
        return self._is_live

    def note_text_below(self) -> None:
        keep = f"{self._keys(_KEEPS[0])} or {self._keys(_KEEPS[1])}"
        self.notify(f"Your text is in the prompt. {keep} keeps a reply; {self._keys('compare.close')} stops both.")

    def on_unmount(self) -> None:
        """Stop what still streams and is not kept, however this screen was closed."""
        for side in self._sides:
            if side.reply is not None and side.turn.id != self._kept:
                side.reply.cancel()

    async def _stop(self, *sides: Side) -> None:
        live = [side.reply for side in sides if side.reply is not None]
        for reply in live:
            reply.cancel()
        await asyncio.gather(*(reply.wait() for reply in live))

    # What is shown

    def action_other(self, by: int) -> None:
        """Show another sibling on the right, never the one on the left."""
        if self._is_live:
            return
        at = self._siblings.index(self._sides[1].turn.id) + by
        if 0 <= at < len(self._siblings) and self._siblings[at] == self._sides[0].turn.id:
            at += by
        if 0 <= at < len(self._siblings):
            self._sides[1] = self._side(self._siblings[at])
            self._show_text()

    def action_words(self) -> None:
        """Mark the words that differ, or show the text laid out."""
        if self._is_live:
            self.notify("Both replies must end first.")
            return
        self._shows_words = not self._shows_words
        self._show_text()

    def _show_text(self) -> None:
        self.title_line.update(Content("Compare replies"))
        if self._shows_words:
            self._compare_words()
            return
        for column, side in zip(self._columns, self._sides, strict=True):
            column.text.show(side.turn.text, is_ended=True)
        self._draw()

    @work(exclusive=True, exit_on_error=False)
    async def _compare_words(self) -> None:
        left, right = (side.turn.text for side in self._sides)
        diff = await asyncio.to_thread(word_diff, left, right)
        if not self._shows_words or [left, right] != [side.turn.text for side in self._sides]:
            return
        for column, side, pieces in zip(self._columns, self._sides, (diff.left, diff.right), strict=True):
            column.text.show(side.turn.text, is_ended=True)
            column.text.show_words(pieces)
        self.title_line.update(Content(f"Compare replies · {diff.share:.0%} of the words in common"))
        self._draw()

    # Scrolling

    def action_scroll_line(self, rows: int) -> None:
        heights = [column.text.height - column.text.size.height for column in self._columns]
        last = max(0, *heights)
        row = last if self._follows else self._row
        self._row = max(0, min(row + rows, last))
        self._follows = self._is_live and self._row == last
        self._draw()

    def action_page(self, pages: int) -> None:
        self.action_scroll_line(pages * max(1, self._columns[0].text.size.height - 2))

    def action_start(self) -> None:
        """Go to the first row of both."""
        self._follows, self._row = False, 0
        self._draw()

    def action_end(self) -> None:
        self._follows = True
        self.action_scroll_line(0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_line(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_line(-WHEEL_ROWS)
