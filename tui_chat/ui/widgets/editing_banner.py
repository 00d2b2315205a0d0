"""Says that what is written will stand beside an earlier prompt, and how to leave that one as it is."""

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
        """Be there only while it is so."""
        self.display = is_editing

    def render(self) -> Content:
        """What happens, then the keys."""
        send, leave = self._keys("prompt.send"), self._keys("reply.cancel")
        hint = f"  {send} sends it beside the old one, {leave} leaves that as it is"
        if self.size.width < len(hint) + 30:
            hint = f"  {leave} leaves it as it is"
        return Content.assemble(("editing an earlier prompt", "$text-warning"), (hint, "$foreground-disabled"))
