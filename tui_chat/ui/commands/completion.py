"""What the command in the prompt may become, and which of these is lit. Knows no widget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tui_chat.core.fuzzy import match
from tui_chat.ui.commands.slash_commands import COMMANDS, COMMANDS_BY_NAME
from tui_chat.ui.picker import Choice


@dataclass(frozen=True, slots=True)
class Argument:
    """What may stand behind a command's name."""

    offers: Callable[[str], Sequence[Choice]]
    """Whole arguments to choose from, for what is typed of one."""
    is_closed: bool = False
    """Nothing but these is meant, so that the likest one is taken for what is typed."""


class Completion:
    """The suggestions for one line of text at a time."""

    def __init__(self, arguments: Mapping[str, Argument]) -> None:
        self._arguments = arguments
        self._text = ""
        self._is_chosen = False
        self.found: Sequence[Choice] = ()
        """Each stands for the whole line that it would make."""
        self.at = 0

    def type(self, text: str) -> None:
        """This stands in the prompt now."""
        if text != self._text:
            self._text, self.at, self._is_chosen = text, 0, False
            self.found = self._suggestions(text)

    def refresh(self) -> None:
        """There may be more to choose from by now."""
        lit = self.lit.value if self.lit is not None else ""
        self.found = self._suggestions(self._text)
        lines = [one.value for one in self.found]
        self.at = lines.index(lit) if self._is_chosen and lit in lines else 0

    def close(self) -> None:
        """None is wanted for this text."""
        self.found = ()

    def move(self, by: int) -> None:
        """Light another one; they go round."""
        if self.found:
            self.at = (self.at + by) % len(self.found)
            self._is_chosen = True

    @property
    def lit(self) -> Choice | None:
        """The one that the keys are about."""
        return self.found[self.at] if self.found else None

    def completed(self, text: str) -> str:
        """What Tab makes of it; nothing where it is complete."""
        self.type(text)
        return self.lit.value if self.lit is not None and self.lit.value != text else ""

    def entered(self, text: str) -> str:
        """What Enter sends: the one that is lit, unless what is typed stands for itself."""
        self.type(text)
        if self.lit is None:
            return text
        return self.lit.value.rstrip() if self._is_chosen or self._is_meant(text) else text

    def _is_meant(self, text: str) -> bool:
        """Whether what is typed can only be the beginning of something that is suggested."""
        name, behind, argument = text[1:].partition(" ")
        if not behind:
            return bool(name) and name not in COMMANDS_BY_NAME
        known = self._arguments.get(name)
        is_closed = known is not None and known.is_closed
        return is_closed and bool(argument.strip()) and all(one.value != text for one in self.found)

    def offers(self, name: str) -> Sequence[Choice]:
        """What may stand behind a command's name, before anything is typed of it."""
        return self._arguments[name].offers("")

    def _suggestions(self, text: str) -> Sequence[Choice]:
        if not text.startswith("/") or text.startswith("//") or "\n" in text:
            return ()
        name, behind, argument = text[1:].partition(" ")
        if not behind:
            return _commands(name)
        if name not in self._arguments:
            command = COMMANDS_BY_NAME.get(name)
            return [] if command is None else [Choice(text, f"/{name} {command.takes}".rstrip(), command.help)]
        offers = self._arguments[name].offers(argument)
        return [Choice(f"/{name} {one.value}", one.text, one.note) for one in likest(argument, offers)]


def likest(typed: str, choices: Sequence[Choice]) -> list[Choice]:
    """Those that have the typed letters, the likest first."""
    hits = [(hit.score, one) for one in choices if (hit := match(typed, one.text)) is not None]
    if typed.strip():
        hits.sort(key=lambda pair: -pair[0])
    return [one for _, one in hits]


def _commands(typed: str) -> list[Choice]:
    choices = [
        Choice(f"/{one.name} " if one.takes else f"/{one.name}", f"/{one.name} {one.takes}".rstrip(), one.help)
        for one in COMMANDS
    ]
    first = [one for one in choices if one.value.startswith(f"/{typed.lower()}")]
    return first + [one for one in likest(typed, choices) if one not in first]
