"""Messages from widgets to their screen: what the user wants. They carry only core values and text."""

from collections.abc import Callable

from textual.message import Message


class CopyRequested(Message):
    """Copy this text to the clipboard."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what
        """What it is, for the notification: `message`, `code block`, `selection`."""


class LinkChosen(Message):
    """Open this link; it is one of http, https or mailto."""

    def __init__(self, url: str, shown: str) -> None:
        super().__init__()
        self.url = url
        self.shown = shown
        """The address to show: cleaned, with the host's real name."""


class FileChosen(Message):
    """Open a file that a turn names; it may not exist."""

    def __init__(self, path: str, line: int | None) -> None:
        super().__init__()
        self.path = path
        self.line = line


class FindChanged(Message):
    """Another match is selected; `total` is 0 if there is none."""

    def __init__(self, current: int, total: int) -> None:
        super().__init__()
        self.current = current
        self.total = total


class PromptSubmitted(Message):
    """Send this prompt."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class DraftChanged(Message):
    """The draft changed and must be saved."""

    def __init__(self, read: Callable[[], str]) -> None:
        super().__init__()
        self.read = read
        """Returns the text as it was then; built only when needed, as it may be large."""


class SuggestionsChanged(Message):
    """The completions of the slash command changed."""


class SuggestionAccepted(Message):
    """The highlighted completion was clicked."""


class QueuedPromptRequested(Message):
    """Edit a queued prompt, or with `now` send it at once."""

    def __init__(self, *, now: bool = False, at: int | None = None) -> None:
        super().__init__()
        self.now = now
        self.at = at
        """Its index in the queue; by default the last one to edit, the first one to send."""


class QueueLeft(Message):
    """Leave the queue bar, or the queue is empty."""


class HistoryRequested(Message):
    """Search the prompt history."""


class EditorRequested(Message):
    """Edit the prompt in the user's editor."""


class LeavePrompt(Message):
    """Switch to reading mode."""


class ActionRequested(Message):
    """Run an action that is not the prompt's; as a message it comes after a prompt that was sent before it."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action


class QuitRequested(Message):
    """Quit the app."""


class BackgroundReported(Message):
    """The terminal reported its background."""

    def __init__(self, *, is_light: bool) -> None:
        super().__init__()
        self.is_light = is_light


class PasteShortened(Message):
    """A paste was too long and was truncated."""


class ChatOpened(Message):
    """The chat screen is open and takes input."""


class AttentionRequested(Message):
    """Something finished that took so long that the user may look at another window."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence
