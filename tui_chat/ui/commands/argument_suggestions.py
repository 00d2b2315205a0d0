"""Completions of command arguments: models, themes, files, options. Reads only the names of folders."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tui_chat.attachments.listing import FileListing
from tui_chat.core.conversation import Conversation
from tui_chat.core.tool import TOOL_GROUP_NOTES
from tui_chat.service.export_names import ExportFormat, file_name
from tui_chat.ui.chat.model_choices import ModelChoices
from tui_chat.ui.commands.completion import Argument
from tui_chat.ui.commands.option_suggestions import suggest_options
from tui_chat.ui.commands.slash_commands import COMMANDS
from tui_chat.ui.picker_rows import Choice

_FORMS = (
    (".md", "Markdown, to read"),
    (".json", "JSON with all branches, to import again"),
    (".txt", "plain text"),
    (".html", "a page for a browser"),
)
_COPIED = (
    Choice("code", "code", "the last code block"),
    Choice("quote", "quote", "the last reply as a Markdown quote"),
    Choice("formatted", "formatted", "the last reply with its formatting"),
    Choice("all", "all", "the conversation as Markdown"),
)
_MOST_FOLDERS = 100
_MOST_FILES = 200
_TOOLS = (
    *(Choice(name, name, note) for name, note in TOOL_GROUP_NOTES.items()),
    Choice("off", "off", "no tools"),
)


def arguments(
    conversation: Callable[[], Conversation], models: ModelChoices, themes: Callable[[], Iterable[str]]
) -> Mapping[str, Argument]:
    """Return the completions of each command that takes an argument."""

    def files(typed: str) -> Sequence[Choice]:
        stem = Path(file_name(conversation(), ExportFormat.MARKDOWN)).stem
        return files_for(typed, stem)

    def words(what: str) -> Sequence[Choice]:
        return [Choice(what, what, "current")] if what and "\n" not in what else []

    topics = [Choice(one.name, one.name, one.help) for one in COMMANDS if one.name != "help"]
    return {
        "attach": Argument(attachable_files),
        "copy": Argument(lambda typed: list(_COPIED), is_closed=True),
        "export": Argument(files),
        "help": Argument(lambda typed: topics),
        "model": Argument(lambda typed: models.known),
        "options": Argument(lambda typed: suggest_options(typed, models.efforts(conversation().model))),
        "profile": Argument(lambda typed: models.profiles),
        "retry": Argument(lambda typed: models.known),
        "system": Argument(lambda typed: words(conversation().system)),
        "theme": Argument(lambda typed: [Choice(name, name) for name in sorted(themes())], is_closed=True),
        "tools": Argument(lambda typed: _TOOLS),
        "title": Argument(lambda typed: words(conversation().title)),
    }


def attachable_files(typed: str) -> Sequence[Choice]:
    """Return the files and folders whose paths start with what is typed; none that look like secrets."""
    found = FileListing(Path.cwd()).find(typed if "/" in typed or typed == "~" else f"./{typed}", _MOST_FILES)
    return [Choice(path, path, "folder" if path.endswith("/") else "") for path in found]


def files_for(typed: str, stem: str) -> Sequence[Choice]:
    """Return names for a new file, then folders for it."""
    folder, slash, prefix = typed.rpartition("/")
    lead = folder + slash
    names = [] if "." in prefix else [(f"{lead}{prefix or stem}{suffix}", what) for suffix, what in _FORMS]
    folders: list[str] = []
    with suppress(OSError, RuntimeError):  # a folder that cannot be read has no completions
        there = Path(lead or ".").expanduser()
        hidden = prefix.startswith(".")
        folders = sorted(one.name for one in there.iterdir() if one.name.startswith(".") is hidden and one.is_dir())
    found = names + [(f"{lead}{name}/", "folder") for name in folders[:_MOST_FOLDERS]]
    return [Choice(path, path, what) for path, what in found]
