"""Find in the conversation: the find bar, the matches and their count."""

from tui_chat.ui.chat.chat_view import ChatView


class FindActions:
    """Search the conversation that is shown."""

    def __init__(self, chat: ChatView) -> None:
        self._chat = chat

    async def open(self, text: str = "") -> None:
        """Open the find bar with this text in it."""
        self._chat.find_bar.open(text)

    def close(self, *, keep: bool) -> None:
        """Go back to reading; `keep` leaves the matches highlighted."""
        if not keep:
            self._chat.pane.find("")
            self._chat.status.show_hint("")
        self._chat.pane.focus()

    def show_count(self, current: int, total: int) -> None:
        """Show which match of how many is selected."""
        chat = self._chat
        if not chat.find_bar.display and not total:
            chat.status.show_hint("")
        elif total:
            keys = f"{chat.keys('read.find_next')} next, {chat.keys('read.find_previous')} previous"
            chat.status.show_hint(f"{current} of {total}; {keys}")
        else:
            chat.status.show_hint("no matches")
