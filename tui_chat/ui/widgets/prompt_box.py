"""The prompt box: edits a prompt and posts it. Does not know what happens with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from textual import events
from textual.geometry import Offset
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Location

from tui_chat.ui.commands.completion import Completion
from tui_chat.ui.messages import (
    ActionRequested,
    DraftChanged,
    PromptSubmitted,
    QueuedPromptRequested,
    SuggestionsChanged,
)
from tui_chat.ui.widgets.graphemes import end_of_grapheme, start_of_grapheme
from tui_chat.ui.widgets.paste_placeholders import SIGN_BEGINS, PastePlaceholders

_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class PromptBox(TextArea):
    """The input for prompts: Enter sends, long pastes are folded, up and down go through the history."""

    def __init__(self, keys: Mapping[str, str], completing: Completion, *, enter_sends: bool = True) -> None:
        """`keys` maps keys to actions; bindings would run before text that was typed just before."""
        super().__init__(compact=True, highlight_cursor_line=False, placeholder="Ask anything")
        self.cursor_blink = False
        self.completing = completing
        self.has_queued = False
        """Whether a prompt is queued."""
        self._keys = keys
        self._enter_sends = enter_sends
        self._folds = PastePlaceholders()
        self._history: Sequence[str] = ()
        self._walked_to = -1
        self._own_draft = ""

    @property
    def draft(self) -> str:
        """The text to send, with pastes unfolded."""
        return self._folds.unfolded(self.text)

    @draft.setter
    def draft(self, text: str) -> None:
        self._walked_to = -1
        self._show(self._folds.fold(text))

    @property
    def read_draft(self) -> Callable[[], str]:
        """A function that returns the present draft, also later."""
        return partial(self._folds.unfolded, self.text)

    def restore_text(self, text: str) -> None:
        """Put a text back that was not sent; newer text stays below it."""
        written = self.draft
        self.draft = f"{text}\n{written}" if written.strip() else text

    def set_history(self, prompts: Sequence[str]) -> None:
        """Set the history for up and down, newest first."""
        self._history = prompts
        self._walked_to = -1

    def _show(self, text: str) -> None:
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    async def on_key(self, event: events.Key) -> None:
        action = self._keys.get(event.key)
        if action is None:
            return
        event.stop()
        event.prevent_default()
        if "." in action.partition("(")[0]:
            self.post_message(ActionRequested(action))
        else:
            await self.run_action(action)

    def render_line(self, y: int) -> Strip:
        """Draw nothing in a box without width: Textual cannot wrap its placeholder there."""
        return super().render_line(y) if self.content_size.width > 0 else Strip.blank(self.size.width)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """Scroll to the cursor; in the middle of an undo it may be behind the end of the text, which Textual cannot
        locate."""
        if self.cursor_location[0] >= self.document.line_count:
            return Offset()
        return super().scroll_cursor_visible(center, animate)

    # Sending

    def action_send(self) -> None:
        """Send, or insert a new line if the two keys are swapped."""
        row, column = self.cursor_location
        if self._enter_sends and self.document[row][:column].endswith("\\"):
            self.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
        elif not self._enter_sends:
            self._break_line()
        else:
            self._submit()

    def action_newline(self) -> None:
        """Insert a new line, or send if the two keys are swapped."""
        if self._enter_sends:
            self._break_line()
        else:
            self._submit()

    def _break_line(self) -> None:
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def _submit(self) -> None:
        meant = self.completing.entered(self.text)
        text = meant if meant != self.text else self.draft
        if text.strip():
            # Cleared at once: a second Enter must not send it again, and what is typed next is another prompt.
            self.draft = ""
            self.post_message(PromptSubmitted(text))
        else:
            self.post_message(QueuedPromptRequested(now=True))

    # Suggestions

    @property
    def _suggests(self) -> bool:
        """Whether there are completions for the text."""
        self.completing.type(self.text)
        return bool(self.completing.found)

    def _highlight(self, by: int) -> bool:
        if not self._suggests or len(self.completing.found) < 2:
            return False
        self.completing.move(by)
        self.post_message(SuggestionsChanged())
        return True

    def close_suggestions(self) -> bool:
        """Close the completions. Return False if there are none."""
        if not self._suggests:
            return False
        self.completing.close()
        self.post_message(SuggestionsChanged())
        return True

    # Earlier prompts

    def action_older(self) -> None:
        """Go up, also among completions; from the first row to the previous prompt in history."""
        if self._highlight(-1):
            return
        if not self.selection.is_empty or not self.navigator.is_first_wrapped_line(self.cursor_location):
            self.action_cursor_up()
        elif self.has_queued and not self.text:
            self.post_message(QueuedPromptRequested())
        else:
            self._walk(1)

    def action_newer(self) -> None:
        """Go down, also among completions; from the last row to the next prompt, then the draft."""
        if self._highlight(1):
            return
        if not self.selection.is_empty or not self.navigator.is_last_wrapped_line(self.cursor_location):
            self.action_cursor_down()
        else:
            self._walk(-1)

    def _walk(self, steps: int) -> None:
        to = self._walked_to + steps
        if -1 <= to < len(self._history):
            if self._walked_to == -1:
                self._own_draft = self.text
            self._walked_to = to
            self._show(self._own_draft if to == -1 else self._folds.fold(self._history[to]))

    # Writing

    def action_complete(self) -> None:
        """Complete a command or unfold a paste; else switch to reading mode."""
        if completed := self.completing.completed(self.text):
            self._show(completed)
        elif not self._unfold():
            self.post_message(ActionRequested("screen.read"))

    def action_delete_or_quit(self) -> None:
        """Delete forward; quit if the prompt is empty."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(ActionRequested("app.quit"))

    def _unfold(self) -> bool:
        """Unfold the paste at the cursor, else the first one."""
        row, column = self.cursor_location
        places = [
            (row, column),
            *((at, start) for at in range(self.document.line_count) for start in self._signs(at)),
        ]
        for row, column in places:
            if span := self._folds.sign_at(self.document[row], column):
                sign = self.document[row][span[0] : span[1]]
                self.replace(self._folds.unfolded(sign), (row, span[0]), (row, span[1]))
                return True
        return False

    def _signs(self, row: int) -> list[int]:
        return [at for at, letter in enumerate(self.document[row]) if letter == SIGN_BEGINS]

    async def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = _DROPPED.sub("", event.text.replace("\r\n", "\n").replace("\r", "\n"))
        self.replace(self._folds.fold(text), *self.selection, maintain_selection_offset=False)
        self.focus()

    def get_cursor_left_location(self) -> Location:
        """Return the position one grapheme or one folded paste to the left."""
        row, column = self.cursor_location
        if column == 0:
            return super().get_cursor_left_location()
        line = self.document[row]
        span = self._folds.sign_at(line, column - 1)
        return (row, span[0]) if span and span[0] < column else (row, start_of_grapheme(line, column))

    def get_cursor_right_location(self) -> Location:
        """Return the position one grapheme or one folded paste to the right."""
        row, column = self.cursor_location
        line = self.document[row]
        if column >= len(line):
            return super().get_cursor_right_location()
        span = self._folds.sign_at(line, column + 1)
        return (row, span[1]) if span and span[1] > column else (row, end_of_grapheme(line, column))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Post the new draft, and update the suggestions."""
        event.stop()
        self.post_message(DraftChanged(self.read_draft))
        self.completing.type(self.text)
        self.post_message(SuggestionsChanged())
