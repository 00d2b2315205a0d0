"""The table of slash commands, for the prompt and the palette, and how to parse one. Runs nothing.

A command that takes an argument has its method in `ChatActions.with_argument`; another one names its action.
"""

from dataclasses import dataclass

from tui_chat.core.fuzzy import closest_name


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    takes: str
    """Its argument, as it is shown; empty if it takes none."""
    help: str
    """What it does; what comes after a semicolon is not in the palette."""
    action: str
    """The action to run; empty if the screen passes the argument on."""
    key_id: str = ""
    """The id of the key that does the same."""


COMMANDS: tuple[Command, ...] = (
    Command("attach", "FILE|URL|PATTERN", "attach a file to the prompt", ""),
    Command("compact", "[INSTRUCTIONS]", "continue from a summary; it replaces the earlier messages", ""),
    Command(
        "compare",
        "[MODEL] [MODEL]",
        "compare two replies, or regenerate with two models",
        "",
        "read.compare",
    ),
    Command("config", "[NAME [VALUE]]", "change settings; with a preview of theme and measure", ""),
    Command("continue", "", "continue generating a stopped reply", "screen.continue_reply", "reply.continue"),
    Command("copy", "[code|quote|formatted|all]", "copy the reply, code or conversation", ""),
    Command("delete", "", "move this conversation to the trash", "screen.delete"),
    Command("edit", "", "edit the last prompt", "screen.edit", "prompt.edit"),
    Command("edit-reply", "", "edit the last reply as a branch", "screen.edit_reply", "read.edit_reply"),
    Command("export", "[FILE]", "export this conversation to a file", ""),
    Command("find", "[WORDS]", "find in this conversation", "", "find.open"),
    Command("fork", "", "fork the conversation here", "screen.fork", "read.fork"),
    Command("help", "[WORDS]", "show all keys and commands", "", "app.help"),
    Command("history", "", "search prompt history", "screen.history", "prompt.history"),
    Command(
        "leave-out",
        "",
        "leave the last (or selected) message out of requests; again to include it",
        "screen.leave_out",
        "read.leave_out",
    ),
    Command("library", "", "browse conversations", "screen.library", "library.open"),
    Command("model", "[PROVIDER/MODEL]", "switch model", "", "model.choose"),
    Command("new", "", "new conversation", "screen.new", "conversation.new"),
    Command("paste", "", "attach the image in the clipboard", "screen.paste_image", "prompt.paste_image"),
    Command("options", "[NAME=VALUE]", "thinking, temperature, max_tokens; and effort", ""),
    Command("pipe", "[COMMAND]", "pipe the conversation to a command; as Markdown", ""),
    Command("profile", "[NAME]", "switch to a profile of the settings", ""),
    Command("quit", "", "quit", "app.quit", "app.quit"),
    Command("retry", "[PROVIDER/MODEL]", "regenerate the reply", "", "reply.retry"),
    Command("serve", "", "serve the conversations; to browsers, scripts and editors; again to stop", "screen.serve"),
    Command("settings", "", "edit the settings file", "screen.edit_settings"),
    Command("source", "", "go to the original conversation (fork source)", "screen.origin", "branch.origin"),
    Command("stop", "", "stop generating", "screen.stop", "reply.cancel"),
    Command("suspend", "", "suspend (fg resumes)", "app.suspend", "read.suspend"),
    Command("system", "[TEXT]", "set or show the system prompt; - removes it", ""),
    Command(
        "temp",
        "",
        "temporary conversation, saved nowhere; again to leave it",
        "screen.temporary",
        "conversation.temporary",
    ),
    Command("templates", "", "list your prompt templates", "screen.templates"),
    Command("theme", "[NAME]", "switch theme", ""),
    Command("title", "[TEXT]", "rename this conversation", ""),
    Command("tools", "[NAMES]", "turn tools on: read, fetch, run; off turns all off", "", "tools.choose"),
    Command("trust", "", "show and allow project commands; those in .tui-chat", "screen.trust"),
    Command("tree", "", "show the conversation tree", "screen.tree", "branch.tree"),
    Command("tokens", "", "count the tokens of the next request; by the provider", "screen.tokens"),
    Command("undo", "", "undo remove / delete", "screen.undo_last", "undo"),
    Command("usage", "", "show tokens and cost; by day, model, conversation", "screen.usage"),
)
COMMANDS_BY_NAME = {command.name: command for command in COMMANDS}
ALIASES = {
    "clear": "new",
    "cost": "usage",
    "summarize": "compact",
    "exit": "quit",
    "q": "quit",
    "regenerate": "retry",
    "rename": "title",
    "resume": "library",
    "sessions": "library",
    "prompts": "history",
}
"""Names that other programs have for these commands."""
_MEANINGS = {
    "attach": "add file files image upload",
    "compact": "context summary",
    "compare": "diff",
    "config": "set preferences vim",
    "delete": "remove rm trash",
    "export": "download save write",
    "help": "commands keys shortcuts",
    "library": "chats conversations list load open search",
    "model": "models provider",
    "options": "effort parameters reasoning temperature think thinking",
    "pipe": "gist share shell",
    "profile": "agent agents mode persona role",
    "retry": "again redo resend",
    "settings": "key login logout",
    "source": "parent",
    "stop": "abort cancel interrupt",
    "system": "instructions",
    "templates": "snippet snippets template",
    "temp": "incognito private",
    "theme": "color colors colour colours dark light",
    "title": "name",
    "tools": "mcp permissions",
    "tree": "branch branches rewind",
    "usage": "bill budget price stats",
}
BY_MEANING = {word: name for name, words in _MEANINGS.items() for word in words.split()}
"""Words that are no command, with the one that is likely meant."""


@dataclass(frozen=True, slots=True)
class Call:
    command: Command
    argument: str


def parse(text: str) -> Call | str | None:
    """Return a call, a sentence about what is wrong with it, or `None` for text that is not a command."""
    if not text.startswith("/") or text.startswith("//") or "\n" in text.strip():
        return None
    name, _, argument = text[1:].strip().partition(" ")
    command = COMMANDS_BY_NAME.get(ALIASES.get(name, name))
    if command is None:
        if not name.replace("-", "").isalpha():
            return None if name else "Type a command's name after /; Tab completes it."
        meant = _meant(name)
        question = f" Did you mean /{meant}?" if meant else ""
        return f"Unknown command: /{name}.{question} Start with // to send it as text."
    return Call(command, argument.strip())


def _meant(name: str) -> str | None:
    """Return the command that an unknown one is likely to mean, by its spelling or its sense."""
    known = {**BY_MEANING, **ALIASES, **{name: name for name in COMMANDS_BY_NAME}}
    closest = closest_name(name, known)
    return known[closest] if closest else None


def unescaped(text: str) -> str:
    """Return the text to send: two slashes at the start stand for one."""
    return text[1:] if text.startswith("//") else text
