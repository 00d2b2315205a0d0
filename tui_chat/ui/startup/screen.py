"""The start-up screen: an empty conversation and a prompt, shown until the services are loaded. Does nothing."""

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Key, Paste, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.settings.api_keys import KeyRing
from tui_chat.ui.chat.welcome import PLACEHOLDER, home_text, margin_of, wordmark
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import hint_content
from tui_chat.ui.startup.home_panel import HomePanel
from tui_chat.ui.startup.pending_context import PendingContext
from tui_chat.ui.startup.prompt import StartupPrompt
from tui_chat.ui.widgets.left_edge import align


class StartupScreen(Screen[None]):
    """Looks like the chat screen."""

    AUTO_FOCUS = "StartupPrompt"

    class Painted(Message):
        """The screen is painted."""

    def __init__(self, late: PendingContext, keys: Keyboard) -> None:
        super().__init__()
        self._late = late
        self._keys = keys
        self._prompt = StartupPrompt(PLACEHOLDER)

    def compose(self) -> ComposeResult:
        late = self._late
        yield StartupPane(is_blank=late.is_blank)
        yield self._prompt
        if late.is_blank:
            key = KeyRing(late.settings).note(late.model)
            yield HomePanel(self._keys, home_text(self._keys, late.model, key, is_temporary=late.is_temporary))
        yield StartupFooter(late.model, self._keys("prompt.send"), "TEMPORARY" if late.is_temporary else "")

    def take(self, press: Key | Paste) -> None:
        self._prompt.take(press)

    def on_resize(self, event: Resize) -> None:
        """Let prompt and footer start where the text does."""
        align((self._prompt, self.query_one(StartupFooter)), event.size.width)

    def on_mount(self) -> None:
        self.call_after_refresh(self.post_message, self.Painted())


class StartupPane(Widget):
    """The wordmark."""

    DEFAULT_CSS = """
    StartupPane { height: 1fr; width: 100%; background: $background; color: $foreground; }
    """

    def __init__(self, *, is_blank: bool) -> None:
        """A conversation that is being opened has no wordmark."""
        super().__init__()
        self._is_blank = is_blank

    def render(self) -> Content:
        """Return the wordmark at the end of the pane, like an empty conversation."""
        width, height = self.size
        margin = margin_of(width)
        rows = wordmark(max(1, width - 2 * margin - 1), height) if self._is_blank else ()
        accent = "ansi_magenta" if self.app.current_theme.ansi else "$accent"
        return Content("\n").join(Content.assemble(" " * margin, (row, accent)) for row in rows)


class StartupFooter(Widget):
    """The name of the model, and what to press now."""

    def __init__(self, model: str, send_key: str, mark: str = "") -> None:
        super().__init__()
        self._model = clean_line(model)
        self._send_key = send_key
        self._mark = mark

    def render(self) -> Content:
        mark = Content.styled(f"{self._mark}  ", "$text-warning") if self._mark else Content()
        steps = Content("  ") + hint_content(f"{self._send_key} send · / commands") if self._send_key else Content()
        return mark + Content.styled(self._model, "$foreground-muted") + steps
