"""Shows that an earlier prompt is being edited, and the keys to send or cancel the edit."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.ui.key_bindings import Keyboard


class EditingBanner(Widget):
    """One line above the prompt; hidden while nothing is edited."""

    is_editing: reactive[bool] = reactive(False, layout=True)

    def __init__(self, keys: Keyboard) -> None:
        super().__init__()
        self._keys = keys

    def watch_is_editing(self, is_editing: bool) -> None:
        self.display = is_editing

    def render(self) -> Content:
        """Return what is being edited, then the keys."""
        send, cancel = self._keys("prompt.send"), self._keys("reply.cancel")
        hint = f"  {send} send as a new branch · {cancel} cancel"
        if self.size.width < len(hint) + 30:
            hint = f"  {cancel} cancel"
        return Content.assemble(("editing an earlier prompt", "$text-warning"), (hint, "$foreground-disabled"))
