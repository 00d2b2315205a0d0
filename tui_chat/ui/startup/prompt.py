"""The prompt of the start-up screen: shows what is typed until the prompt box, which gets the same keys, is there."""

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui_chat.core.clean import clean

_MOST_ROWS = 12
_MOST_CHARACTERS = 2000
"""Only the end of a longer text is drawn."""


class StartupPrompt(Widget, can_focus=True):
    """Draws a text with the cursor at its end, or a placeholder."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"startup-prompt--cursor", "startup-prompt--placeholder"}
    DEFAULT_CSS = """
    StartupPrompt {
        width: 1fr;
        color: $foreground;
        & .startup-prompt--placeholder { color: $foreground-muted; }
        & .startup-prompt--cursor { text-style: $input-cursor-text-style; }
        &:dark .startup-prompt--cursor {
            color: $input-cursor-foreground;
            background: $input-cursor-background;
        }
        &:light .startup-prompt--cursor {
            color: $text 90%;
            background: $foreground 70%;
        }
        &:ansi .startup-prompt--cursor {
            color: $input-cursor-foreground;
            background: $input-cursor-background;
            text-style: reverse;
        }
    }
    """

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self._placeholder = placeholder
        self.text = ""

    def take(self, press: events.Key | events.Paste) -> None:
        """Show what is typed or pasted, also before it is mounted."""
        if isinstance(press, events.Paste):
            self._show(self.text + press.text.replace("\r\n", "\n").replace("\r", "\n"))
        elif press.key == "backspace":
            self._show(self.text[:-1])
        elif press.character and press.is_printable:
            self._show(self.text + press.character)

    def _show(self, text: str) -> None:
        self.text = text
        self.refresh(layout=True)

    def render(self) -> Content:
        cursor = self.get_visual_style("startup-prompt--cursor")
        if not self.text:
            placeholder = self.get_visual_style("startup-prompt--placeholder")
            return Content(self._placeholder).stylize(placeholder).stylize(cursor, 0, 1)
        end = clean(self.text[-_MOST_CHARACTERS:]).split("\n")[-_MOST_ROWS:]
        return Content("\n".join(end)) + Content(" ").stylize(cursor)
