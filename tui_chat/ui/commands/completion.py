"""Completions of the slash command in the prompt, and which one is highlighted. Knows no widget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tui_chat.core.fuzzy import best_matches
from tui_chat.ui.commands.slash_commands import COMMANDS, COMMANDS_BY_NAME, Command
from tui_chat.ui.picker_rows import Choice


@dataclass(frozen=True, slots=True)
class Argument:
    """The completions of a command's argument."""

    offers: Callable[[str], Sequence[Choice]]
    """Return whole arguments for the part that is typed."""
    is_closed: bool = False
    """Only these arguments are valid: Enter takes the best match of what is typed."""


class Completion:
    """The completions for one line of text at a time."""

    def __init__(self, arguments: Mapping[str, Argument], own: Callable[[], Mapping[str, Command]] = dict) -> None:
        """`own` returns the commands that the user has made."""
        self._arguments = arguments
        self._own = own
        self._text = ""
        self._is_chosen = False
        self.is_files = False
        """Whether the completions are files for an `@` within the text."""
        self.found: Sequence[Choice] = ()
        """The value of each is the whole completed line."""
        self.at = 0

    def offer_files(self, choices: Sequence[Choice]) -> None:
        """Complete a file name instead of a command, until `type` is called."""
        highlighted = self.highlighted.value if self.is_files and self._is_chosen and self.highlighted else None
        self.is_files, self.found = True, choices
        values = [one.value for one in choices]
        self._is_chosen = highlighted in values
        self.at = values.index(highlighted) if highlighted in values else 0

    def chosen_file(self, typed: str) -> Choice | None:
        """Return the file that Enter attaches: one that was highlighted on purpose, or typed in full."""
        if not self.is_files:
            return None
        return self.highlighted if self._is_chosen else next((one for one in self.found if one.value == typed), None)

    def type(self, text: str) -> None:
        """Update the completions for the text of the prompt."""
        if self.is_files:
            self.is_files, self.found, self._text = False, (), ""
        if text != self._text:
            self._text, self.at, self._is_chosen = text, 0, False
            self.found = self._suggestions(text)

    def refresh(self) -> None:
        """Compute the completions again, as more may be known by now."""
        highlighted = self.highlighted.value if self.highlighted is not None else ""
        self.found = self._suggestions(self._text)
        lines = [one.value for one in self.found]
        self.at = lines.index(highlighted) if self._is_chosen and highlighted in lines else 0

    def close(self) -> None:
        """Show no completions for this text."""
        self.found = ()

    def move(self, by: int) -> None:
        """Highlight the next or previous one; the list wraps around."""
        if self.found:
            self.at = (self.at + by) % len(self.found)
            self._is_chosen = True

    @property
    def highlighted(self) -> Choice | None:
        return self.found[self.at] if self.found else None

    def completed(self, text: str) -> str:
        """Return the line as Tab completes it; empty if it is complete."""
        self.type(text)
        return self.highlighted.value if self.highlighted is not None and self.highlighted.value != text else ""

    def entered(self, text: str) -> str:
        """Return the line that Enter sends: the highlighted completion, unless the typed text is valid itself."""
        self.type(text)
        if self.highlighted is None:
            return text
        return self.highlighted.value.rstrip() if self._is_chosen or self._is_meant(text) else text

    def _is_meant(self, text: str) -> bool:
        """Return whether the typed text is valid only as a prefix of a completion."""
        name, behind, argument = text[1:].partition(" ")
        if not behind:
            return bool(name) and name not in COMMANDS_BY_NAME and name not in self._own()
        known = self._arguments.get(name)
        is_closed = known is not None and known.is_closed
        return is_closed and bool(argument.strip()) and all(one.value != text for one in self.found)

    def offers(self, name: str) -> Sequence[Choice]:
        """Return the completions of a command's argument while it is empty."""
        return self._arguments[name].offers("")

    def _suggestions(self, text: str) -> Sequence[Choice]:
        if not text.startswith("/") or text.startswith("//") or "\n" in text:
            return ()
        name, behind, argument = text[1:].partition(" ")
        if not behind:
            return _commands(name, self._own())
        if name not in self._arguments:
            command = COMMANDS_BY_NAME.get(name) or self._own().get(name)
            return [] if command is None else [Choice(text, f"/{name} {command.takes}".rstrip(), command.help)]
        offers = self._arguments[name].offers(argument)
        return [Choice(f"/{name} {one.value}", one.text, one.note) for one in _best(argument, offers)]


def _best(typed: str, choices: Sequence[Choice]) -> list[Choice]:
    return [choice for _, choice in best_matches(typed, choices, lambda choice: choice.text)]


def _commands(typed: str, own: Mapping[str, Command]) -> list[Choice]:
    choices = [
        Choice(f"/{one.name} " if one.takes else f"/{one.name}", f"/{one.name} {one.takes}".rstrip(), one.help)
        for one in (*COMMANDS, *own.values())
    ]
    first = [one for one in choices if one.value.startswith(f"/{typed.lower()}")]
    return first + [one for one in _best(typed, choices) if one not in first]
