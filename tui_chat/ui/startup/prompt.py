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
        text = with_press(self.text, press)
        if text != self.text:
            self.text = text
            self.refresh(layout=True)

    def render(self) -> Content:
        cursor = self.get_visual_style("startup-prompt--cursor")
        if not self.text:
            placeholder = self.get_visual_style("startup-prompt--placeholder")
            return Content(self._placeholder).stylize(placeholder).stylize(cursor, 0, 1)
        end = clean(self.text[-_MOST_CHARACTERS:]).split("\n")[-_MOST_ROWS:]
        return Content("\n".join(end)) + Content(" ").stylize(cursor)


def with_press(text: str, press: events.Key | events.Paste) -> str:
    if isinstance(press, events.Paste):
        return text + press.text.replace("\r\n", "\n").replace("\r", "\n")
    if press.key == "backspace":
        return text[:-1]
    return text + press.character if press.character and press.is_printable else text
