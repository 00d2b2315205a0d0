"""Shows that an earlier prompt or a reply is being edited, and the keys to keep or cancel the edit."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.ui.key_bindings import Keyboard


class EditingBanner(Widget):
    """One line above the prompt; hidden while nothing is edited."""

    is_editing: reactive[bool] = reactive(False, layout=True)

    is_reply: reactive[bool] = reactive(False)

    def __init__(self, keys: Keyboard) -> None:
        super().__init__()
        self._keys = keys

    def watch_is_editing(self, is_editing: bool) -> None:
        self.display = is_editing

    def render(self) -> Content:
        """Return what is being edited, then the keys."""
        send, cancel = self._keys("prompt.send"), self._keys("reply.cancel")
        what, does = ("a reply", "keep") if self.is_reply else ("an earlier prompt", "send")
        hint = f"  {send} {does} as a new branch · {cancel} cancel"
        if self.size.width < len(hint) + 30:
            hint = f"  {cancel} cancel"
        return Content.assemble((f"editing {what}", "$text-warning"), (hint, "$foreground-disabled"))
