"""The box a prompt is written in. Knows text and keys; what becomes of a prompt is not its business."""

import re
from collections.abc import Sequence

from textual import events
from textual.widgets import TextArea
from textual.widgets.text_area import Location

from tui_chat.ui.message import DraftChanged, PromptSubmitted
from tui_chat.ui.widgets.folds import Folds
from tui_chat.ui.widgets.graphemes import end_of_grapheme, start_of_grapheme

_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NEWLINE_KEYS = {"ctrl+j", "shift+enter", "alt+enter", "ctrl+enter", "shift+\r"}


class PromptBox(TextArea):
    """Where prompts are written: Enter sends, long pastes fold, up and down walk through earlier prompts."""

    def __init__(self, *, enter_sends: bool = True, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, highlight_cursor_line=False, placeholder="Ask anything")
        self.cursor_blink = False
        self._enter_sends = enter_sends
        self._folds = Folds()
        self._history: Sequence[str] = ()
        self._walked_to: int | None = None
        self._own_draft = ""

    @property
    def draft(self) -> str:
        """The text as it would be sent, pastes unfolded."""
        return self._folds.unfolded(self.text)

    @draft.setter
    def draft(self, text: str) -> None:
        self._folds.clear()
        self._walked_to = None
        self._show(self._folds.fold(text))

    def set_history(self, prompts: Sequence[str]) -> None:
        """Earlier prompts, newest first, for up and down."""
        self._history = prompts
        self._walked_to = None

    def _show(self, text: str) -> None:
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        key = event.key
        if key == "enter" or key in _NEWLINE_KEYS:
            event.stop()
            event.prevent_default()
            if self._breaks_line(key):
                self.insert("\n")
            else:
                self._submit()
            return
        if (key == "up" and self._at_first_row) or (key == "down" and self._at_last_row):
            if self._walk(1 if key == "up" else -1):
                event.stop()
                event.prevent_default()
            return
        if key == "tab" and self._unfold():
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _breaks_line(self, key: str) -> bool:
        if key != "enter":
            return self._enter_sends
        row, column = self.cursor_location
        if self._enter_sends and self.document[row][:column].endswith("\\"):
            self.delete((row, column - 1), (row, column))
            return True
        return not self._enter_sends

    def _submit(self) -> None:
        if self.draft.strip():
            self.post_message(PromptSubmitted(self.draft))

    @property
    def _at_first_row(self) -> bool:
        return self.selection.is_empty and self.navigator.is_first_wrapped_line(self.cursor_location)

    @property
    def _at_last_row(self) -> bool:
        return self.selection.is_empty and self.navigator.is_last_wrapped_line(self.cursor_location)

    def _walk(self, steps: int) -> bool:
        at = -1 if self._walked_to is None else self._walked_to
        to = at + steps
        if not -1 <= to < len(self._history):
            return False
        if at == -1:
            self._own_draft = self.text
        self._walked_to = None if to == -1 else to
        self._show(self._own_draft if to == -1 else self._folds.fold(self._history[to]))
        return True

    def _unfold(self) -> bool:
        row, column = self.cursor_location
        span = self._folds.sign_at(self.document[row], column)
        if span is None:
            return False
        sign = self.document[row][span[0] : span[1]]
        self.replace(self._folds.unfolded(sign), (row, span[0]), (row, span[1]))
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = _DROPPED.sub("", event.text.replace("\r\n", "\n").replace("\r", "\n"))
        self.replace(self._folds.fold(text), *self.selection, maintain_selection_offset=False)
        self.focus()

    def get_cursor_left_location(self) -> Location:
        """One grapheme or one folded paste to the left."""
        row, column = self.cursor_location
        if column == 0:
            return super().get_cursor_left_location()
        line = self.document[row]
        span = self._folds.sign_at(line, column - 1)
        return (row, span[0]) if span and span[0] < column else (row, start_of_grapheme(line, column))

    def get_cursor_right_location(self) -> Location:
        """One grapheme or one folded paste to the right."""
        row, column = self.cursor_location
        line = self.document[row]
        if column >= len(line):
            return super().get_cursor_right_location()
        span = self._folds.sign_at(line, column + 1)
        return (row, span[1]) if span and span[1] > column else (row, end_of_grapheme(line, column))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell whoever keeps drafts."""
        event.stop()
        self.post_message(DraftChanged(self.draft))
