"""Intents: what a person wants, told by a widget to its screen. They carry core values and plain words only."""

from collections.abc import Callable

from textual.message import Message


class CopyRequested(Message):
    """Somebody wants this on the clipboard."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what
        """What it is, for the sentence that says it was copied: `turn`, `code block`, `selection`."""


class LinkChosen(Message):
    """Somebody wants to open this address; it is one of http, https or mailto."""

    def __init__(self, url: str, shown: str) -> None:
        super().__init__()
        self.url = url
        self.shown = shown
        """Where it really leads, for a person to read: harmless, with the host's true name."""


class FileChosen(Message):
    """Somebody wants to open a file that a turn names; nobody has looked whether there is such a file."""

    def __init__(self, path: str, line: int | None) -> None:
        super().__init__()
        self.path = path
        self.line = line


class FindChanged(Message):
    """The search in the conversation stands at another hit; `total` 0 is nothing found."""

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
    """The prompt that is being written is another now; keep it."""

    def __init__(self, read: Callable[[], str]) -> None:
        super().__init__()
        self.read = read
        """Returns the text as it was then; it is put together only when it is needed, for it may be large."""


class SuggestionsChanged(Message):
    """What may be made of the command that is typed is something else now."""


class SuggestionAccepted(Message):
    """Somebody has pointed at the suggestion that is lit."""


class QueuedPromptRequested(Message):
    """Somebody wants a prompt that waits back, or with `now` wants no more waiting for it."""

    def __init__(self, *, now: bool = False, at: int | None = None) -> None:
        super().__init__()
        self.now = now
        self.at = at
        """Its place in the line; by default the last one to change, the first one to send."""


class QueueLeft(Message):
    """Somebody has done with the line of waiting prompts, or nothing waits there any more."""


class HistoryRequested(Message):
    """Somebody wants to search every prompt there ever was."""


class EditorRequested(Message):
    """Somebody wants to write the prompt in an editor of their own."""


class LeavePrompt(Message):
    """Somebody wants to read."""


class ActionRequested(Message):
    """A key was pressed that is not about the prompt; said here so that it comes after what was sent before it."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action


class QuitRequested(Message):
    """Somebody wants to leave the program."""


class BackgroundReported(Message):
    """The terminal has said what its background is like."""

    def __init__(self, *, is_light: bool) -> None:
        super().__init__()
        self.is_light = is_light


class PasteShortened(Message):
    """A paste was longer than is kept of one; the rest is dropped."""


class ChatOpened(Message):
    """The chat is on the screen and takes what is typed."""


class AttentionRequested(Message):
    """Something is done that took so long that somebody may look elsewhere by now."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence
