"""Prompt templates: a Markdown file with front matter, and how its placeholders are filled. Pure."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tui_chat.core.fuzzy import did_you_mean

NAME = re.compile(r"[a-z][a-z0-9-]*")
STDIN, CLIPBOARD, FILE = "stdin", "clipboard", "file:"
_FIELDS = ("description", "argument-hint", "model", "profile", "tools")
_FENCE = "---"
_PLACEHOLDER = re.compile(r"\$ARGUMENTS\b|\$[1-9](?!\d)|\{\{(stdin|clipboard|file:[^{}\n]+)\}\}")
_ARGUMENT = re.compile(r"\$ARGUMENTS\b|\$[1-9](?!\d)")


class TemplateError(ValueError):
    """A line of a template that cannot be used."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with placeholders, and what it is sent with."""

    name: str
    body: str
    description: str = ""
    argument_hint: str = ""
    model: str = ""
    profile: str = ""
    tools: tuple[str, ...] = ()
    file: str = ""
    is_project: bool = False
    """Whether it comes with the project's folder, and not from the user."""

    @property
    def takes_arguments(self) -> bool:
        return bool(self.argument_hint) or _ARGUMENT.search(self.body) is not None

    @property
    def about(self) -> str:
        """Its description, or else its first line."""
        return self.description or next((line.strip() for line in self.body.splitlines() if line.strip()), "")


def parse_template(name: str, text: str, *, file: str = "", is_project: bool = False) -> PromptTemplate:
    """Return the template of a file; raise `TemplateError` with the line that is wrong."""
    if NAME.fullmatch(name) is None:
        raise TemplateError(1, f"{name!r} is no name of a command: lower-case letters, digits and hyphens")
    lines = text.removeprefix("\ufeff").splitlines()
    fields: dict[str, str] = {}
    body = lines
    if lines and lines[0].rstrip() == _FENCE:
        end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
        if end is None:
            raise TemplateError(1, "the front matter has no end: a line --- is missing")
        fields = _front_matter(lines[1:end])
        body = lines[end + 1 :]
    prompt = "\n".join(body).strip()
    if not prompt:
        raise TemplateError(len(lines) or 1, "there is no prompt below the front matter")
    tools = tuple(filter(None, re.split(r"[\s,]+", fields.get("tools", "").strip("[]"))))
    return PromptTemplate(
        name,
        prompt,
        fields.get("description", ""),
        fields.get("argument-hint", ""),
        fields.get("model", ""),
        fields.get("profile", ""),
        tools,
        file,
        is_project,
    )


def _front_matter(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, colon, value = line.partition(":")
        key = key.strip()
        if not colon:
            raise TemplateError(number, f"it wants NAME: VALUE, such as {_FIELDS[0]}: …")
        if key not in _FIELDS:
            raise TemplateError(number, f"unknown field {key!r}{did_you_mean(key, _FIELDS)}")
        if key in fields:
            raise TemplateError(number, f"{key} is there twice")
        fields[key] = _unquoted(value.strip())
    return fields


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def placeholders(template: PromptTemplate, arguments: str) -> tuple[str, ...]:
    """Return what has to be read for a template: `stdin`, `clipboard` and `file:…`, each once."""
    with_files = _filler(arguments)
    found = (match[1] for match in _PLACEHOLDER.finditer(template.body) if match[1])
    return tuple(dict.fromkeys(_ARGUMENT.sub(with_files, what).strip() for what in found))


def filled(template: PromptTemplate, arguments: str, values: Mapping[str, str]) -> str:
    """Return the prompt; what is put in is not read again. Arguments without a place stand below it."""
    with_arguments = _filler(arguments)

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return values[_ARGUMENT.sub(with_arguments, match[1]).strip()]
        return with_arguments(match)

    text = _PLACEHOLDER.sub(value, template.body)
    has_place = _ARGUMENT.search(template.body) is not None
    return text if has_place or not arguments.strip() else f"{text}\n\n{arguments.strip()}"


def _filler(arguments: str) -> Callable[[re.Match[str]], str]:
    words = _words(arguments)

    def argument(match: re.Match[str]) -> str:
        if match[0] == "$ARGUMENTS":
            return arguments.strip()
        number = int(match[0][1:])
        return words[number - 1] if number <= len(words) else ""

    return argument


def _words(arguments: str) -> list[str]:
    """Return the words, of which quotes keep several together."""
    try:
        return shlex.split(arguments)
    except ValueError:
        return arguments.split()
