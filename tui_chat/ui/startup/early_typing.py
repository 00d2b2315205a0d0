"""What is typed until the conversation is open, kept where the end of the program does not reach it."""

from pathlib import Path
from typing import TYPE_CHECKING

from textual.events import Key, Paste

from tui_chat.ui.startup.prompt import with_press

if TYPE_CHECKING:
    from tui_chat.storage.early_draft import EarlyDraft

_NEW_LINES = ("enter", "ctrl+j", "shift+enter")


class EarlyTyping:
    """Keeps the text at every key; the start takes seconds on a busy machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._draft: EarlyDraft | None = None
        self._text = ""

    def take(self, press: Key | Paste) -> None:
        """Keep what is typed or pasted; what was sent stays above what follows."""
        is_new_line = isinstance(press, Key) and press.key in _NEW_LINES
        text = f"{self._text}\n" if is_new_line else with_press(self._text, press)
        if text != self._text:
            self._text = text
            self._opened().save(text)

    @property
    def has_text(self) -> bool:
        """Whether anything was typed."""
        return bool(self._text)

    def left_behind(self) -> list[str]:
        """Return what was typed into programs that ended while they started."""
        return self._opened().left_behind()

    def discard(self) -> None:
        """Forget all: it is stored."""
        if self._draft is not None:
            self._draft.discard()

    def _opened(self) -> "EarlyDraft":
        if self._draft is None:
            from tui_chat.storage.early_draft import EarlyDraft  # late: after the first paint

            self._draft = EarlyDraft(self._folder)
        return self._draft
