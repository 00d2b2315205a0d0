"""Find in the conversation: the find bar, the matches and their count."""

from tui_chat.ui.chat.chat_view import ChatView


class FindActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._leads_to_reading = False
        """Whether the find bar was opened in reading mode."""

    async def open(self, text: str = "") -> None:
        self._leads_to_reading = self._chat.pane.has_focus
        self._chat.find_bar.open(text)

    def close(self, *, keep: bool) -> None:
        """Go back to where the find bar was opened; with `keep` go to reading mode, the matches highlighted."""
        if not keep:
            self._chat.pane.find("")
        if keep or self._leads_to_reading:
            self._chat.pane.focus()
        else:
            self._chat.prompt.focus()

    def show_count(self, current: int, total: int) -> None:
        """Show which match of how many is selected: in the find bar, or in reading mode before the keys."""
        if self._chat.find_bar.is_open:
            self._chat.find_row.show_count(current, total)
        self._chat.show_mode()

    @property
    def reading_note(self) -> str:
        """The number of the match that is selected, and the keys to the others; empty if there is none."""
        finder, keys = self._chat.pane.highlights.finder, self._chat.keys
        if self._chat.find_bar.is_open or not finder.total:
            return ""
        names = f"{keys('read.find_next')}/{keys('read.find_previous')}"
        return f"match {finder.current} of {finder.total} {names}"
