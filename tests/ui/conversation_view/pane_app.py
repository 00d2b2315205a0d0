"""A small app around the conversation pane: a prompt box below it and a line at the bottom."""

from textual.app import App, ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.ui.conversation_view.widget import ConversationPane
from tui_chat.ui.messages import CopyRequested, FileChosen, FindChanged, LinkChosen


def describe(turn: Turn) -> tuple[str, str] | None:
    """A sentence for every state but the good one."""
    if turn.status is TurnStatus.COMPLETE:
        return ("At the token limit.", "c goes on") if turn.stop_reason == "max_tokens" else None
    return f"It is {turn.status}.", "r tries again"


class PaneScreen(Screen[None]):
    """The pane as a screen has it."""

    CSS = """
    Input { border: none; height: 1; }
    Static { height: 1; }
    """

    def compose(self) -> ComposeResult:
        yield ConversationPane(describe, lambda action: "end" if action == "end" else "")
        yield Input()
        yield Static("bottom", markup=False)


class Covering(ModalScreen[None]):
    """A dialog over a part of the pane."""

    CSS = "Covering { align: center middle; } Covering Static { width: 30; height: 6; background: $error; }"

    def compose(self) -> ComposeResult:
        yield Static("a dialog", markup=False)


class PaneApp(App[None]):
    """Shows the pane and keeps what it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.intents: list[CopyRequested | LinkChosen | FileChosen | FindChanged] = []

    def get_default_screen(self) -> Screen[None]:
        return PaneScreen(id="_default")

    @property
    def pane(self) -> ConversationPane:
        """The pane."""
        return self.screen_stack[0].query_one(ConversationPane)

    def on_copy_requested(self, message: CopyRequested) -> None:
        self.intents.append(message)

    def on_link_chosen(self, message: LinkChosen) -> None:
        self.intents.append(message)

    def on_find_changed(self, message: FindChanged) -> None:
        self.intents.append(message)

    def on_file_chosen(self, message: FileChosen) -> None:
        self.intents.append(message)
