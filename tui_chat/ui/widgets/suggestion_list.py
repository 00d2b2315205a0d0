"""The commands that what is typed may become, above the prompt."""

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.ui.commands import Command

MOST_ROWS = 8


class SuggestionList(Widget):
    """A few rows; hidden while nothing is typed that begins like a command."""

    commands: reactive[Sequence[Command]] = reactive((), layout=True)

    def watch_commands(self, commands: Sequence[Command]) -> None:
        """Be there only when there is something to show, and only as tall."""
        self.display = bool(commands)
        self.styles.height = min(len(commands), MOST_ROWS)

    def render(self) -> Content:
        """One row a command: its name, what it takes, what it does."""
        shown = self.commands[:MOST_ROWS]
        names = [f"/{command.name} {command.takes}".rstrip() for command in shown]
        width = max(map(len, names), default=0)
        rows = [
            Content.assemble(
                (name.ljust(width), "$text-accent" if at == 0 else "$foreground"), ("  ", ""), (says, "dim")
            )
            for at, (name, says) in enumerate(zip(names, [command.help for command in shown], strict=True))
        ]
        return Content("\n").join(rows)
