"""Every command by name, for the slash at the prompt's beginning and for the palette. Knows what runs, not how."""

from dataclasses import dataclass

from tui_chat.core.fuzzy import did_you_mean


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done by name."""

    name: str
    takes: str
    """What may stand behind it, as it is shown; empty for nothing."""
    help: str
    action: str
    """Runs it; empty where the screen takes what stands behind the name."""
    key_id: str = ""
    """The key that does the same."""


COMMANDS: tuple[Command, ...] = (
    Command("continue", "", "have an unfinished reply finished", "screen.continue_reply", "reply.continue"),
    Command("copy", "[code]", "copy the last reply, or its last code", ""),
    Command("delete", "", "put this conversation into the trash", "screen.delete"),
    Command("edit", "", "say the last prompt differently", "screen.edit", "prompt.edit"),
    Command("export", "[FILE]", "write this conversation to a file", ""),
    Command("find", "[WORDS]", "find in this conversation", "", "find.open"),
    Command("fork", "", "begin a new conversation from here", "screen.fork", "read.fork"),
    Command("help", "[WORDS]", "show every key and command", "", "app.help"),
    Command("history", "", "search every prompt you ever sent", "screen.history", "prompt.history"),
    Command("library", "", "past conversations", "screen.library", "library.open"),
    Command("model", "[PROVIDER/MODEL]", "choose the model", "", "model.choose"),
    Command("new", "", "begin a new conversation", "screen.new", "conversation.new"),
    Command("options", "[NAME=VALUE]", "effort, thinking, max_tokens, temperature", ""),
    Command("quit", "", "leave", "app.quit", "app.quit"),
    Command("retry", "[PROVIDER/MODEL]", "answer the prompt again", "", "reply.retry"),
    Command("source", "", "go back to the conversation this was forked from", "screen.origin", "branch.origin"),
    Command("stop", "", "stop the reply", "screen.cancel", "reply.cancel"),
    Command("suspend", "", "back to the shell for a while; its fg goes on here", "app.suspend", "read.suspend"),
    Command("system", "[TEXT]", "set or show the system prompt; - takes it away", ""),
    Command("theme", "[NAME]", "choose the colours", ""),
    Command("title", "[TEXT]", "give this conversation a title", ""),
    Command("tree", "", "the whole conversation as a tree", "screen.tree", "branch.tree"),
    Command("tokens", "", "have the provider count what the next request would read", "screen.tokens"),
    Command("undo", "", "undo what was dropped or deleted", "screen.undo_last", "undo"),
    Command("usage", "", "tokens and cost by day, model, conversation", "screen.usage"),
)
COMMANDS_BY_NAME = {command.name: command for command in COMMANDS}


@dataclass(frozen=True, slots=True)
class Call:
    """A command with what stood behind its name."""

    command: Command
    argument: str


def parse(text: str) -> Call | str | None:
    """A call, a sentence about what is wrong with it, or `None` for text that is no command."""
    if not text.startswith("/") or text.startswith("//") or "\n" in text.strip():
        return None
    name, _, argument = text[1:].strip().partition(" ")
    command = COMMANDS_BY_NAME.get(name)
    if command is None:
        if not name.replace("-", "").isalpha():
            return None if name else "There is no command without a name; / and Tab show them all."
        return f"There is no /{name}{did_you_mean(name, COMMANDS_BY_NAME)}. Begin with // to send it as it is."
    return Call(command, argument.strip())


def unescaped(text: str) -> str:
    """What is sent: two slashes at the beginning stand for one."""
    return text[1:] if text.startswith("//") else text
