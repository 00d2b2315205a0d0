"""The Typer app: the table of commands, each imported only when it is called, and the global options."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from tui_chat.cli.context import GlobalOptions
from tui_chat.cli.help_format import CommandRow, HelpCommand, HelpGroup
from tui_chat.cli.options import (
    ConfigFlag,
    DataDirFlag,
    DebugFlag,
    DemoFlag,
    with_launch_options,
)
from tui_chat.core.launch_options import LaunchOptions

_CHAT = "Chat"
_CONVERSATIONS = "Conversations"
_OTHER = "Usage, models, settings"


class _Listed(NamedTuple):
    """A command in `--help`."""

    module: str
    """Its module in `tui_chat.cli.commands`."""
    heading: str
    summary: str
    """The first sentence of its own help, so that `--help` need not import it."""


COMMANDS = {
    "ask": _Listed("ask", _CHAT, "Send a prompt and stream the reply to stdout."),
    "chat": _Listed("chat", _CHAT, "Open the app, or chat in plain lines."),
    "open": _Listed("open", _CHAT, "Open the app at the conversation that fits best."),
    "list": _Listed("list", _CONVERSATIONS, "List past conversations, most recent first."),
    "show": _Listed("show", _CONVERSATIONS, "Print a conversation."),
    "search": _Listed("search", _CONVERSATIONS, "Search the titles and messages of all conversations."),
    "rename": _Listed("rename", _CONVERSATIONS, "Give a conversation another title."),
    "fork": _Listed("fork", _CONVERSATIONS, "Start a new conversation with the messages of another one."),
    "delete": _Listed("delete", _CONVERSATIONS, "Move a conversation to the trash."),
    "restore": _Listed("restore", _CONVERSATIONS, "Restore a conversation from the trash, or list the trash."),
    "export": _Listed("export", _CONVERSATIONS, "Write conversations as Markdown, HTML, JSON or text."),
    "import": _Listed("import_", _CONVERSATIONS, "Import conversations from files."),
    "backup": _Listed("backup", _CONVERSATIONS, "Copy the database, whole and consistent, also while the app runs."),
    "stats": _Listed("stats", _CONVERSATIONS, "Print how much there is: conversations, turns, size."),
    "acp": _Listed("acp", _OTHER, "Speak the Agent Client Protocol on stdin and stdout."),
    "serve": _Listed("serve", _OTHER, "Serve the conversations to other programs."),
    "token": _Listed("token", _OTHER, "Manage the tokens of the clients of `tui-chat serve`."),
    "sync": _Listed("sync", _OTHER, "Exchange conversations with other machines."),
    "usage": _Listed("usage", _OTHER, "Print tokens and cost by day, model or conversation."),
    "prices": _Listed("prices", _OTHER, "Print prices of models, or download the newest list."),
    "models": _Listed("models", _OTHER, "List available models, with context window and price."),
    "templates": _Listed(
        "templates", _OTHER, "List prompt templates: the commands that you and this project have added."
    ),
    "tools": _Listed("tools", _OTHER, "List what models may call, and what you have allowed."),
    "mcp": _Listed("mcp", _OTHER, "Manage MCP servers."),
    "config": _Listed("config", _OTHER, "Show and edit the settings."),
    "doctor": _Listed("doctor", _OTHER, "Check settings, keys, providers, database and terminal."),
    "help": _Listed("help", _OTHER, "Explain a topic: keys, settings, providers, headless use, privacy …"),
}
"""The commands in the order of `--help`.

A module holds the command as a function `run`, or sub-commands as a Typer app named `app`.
"""


@cache
def load_command(name: str) -> Any:
    """Import a command's module and return the command."""
    listed = COMMANDS[name]
    module = import_module(f"tui_chat.cli.commands.{listed.module}")
    command_app = getattr(module, "app", None)
    if command_app is None:
        command_app = typer.Typer(add_completion=False, rich_markup_mode=None)
        command_app.command(name, cls=HelpCommand)(module.run)
    command: Any = typer.main.get_command(command_app)
    command.rich_help_panel = listed.heading
    command.help = command.help or listed.summary
    return command


class _LazyCommands(Mapping[str, Any]):
    """The commands by name; looking one up imports its module."""

    def __getitem__(self, name: str) -> Any:
        return load_command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _LazyGroup(HelpGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = _LazyCommands()

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names without importing the commands."""
        return list(COMMANDS)

    def command_rows(self, ctx: Any, width: int) -> list[CommandRow]:
        return [CommandRow(listed.heading, name, listed.summary) for name, listed in COMMANDS.items()]


app = typer.Typer(
    name="tui-chat",
    cls=_LazyGroup,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"tui-chat {version('tui-chat')}")
        raise typer.Exit


VersionFlag = Annotated[
    bool, typer.Option("-V", "--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]


@app.callback()
@with_launch_options
def tui_chat(
    context: typer.Context,
    launch: LaunchOptions,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
    config: ConfigFlag = None,
    debug: DebugFlag = False,
    version: VersionFlag = False,
) -> None:
    """Chat with language models in the terminal. Without a command, the app opens."""
    from tui_chat.cli.log import start_log

    start_log(debug=debug)
    context.obj = GlobalOptions(demo, data_dir, config, debug)
    if context.invoked_subcommand is not None and launch != LaunchOptions():
        # Left out silently, `-m` would have another model answer.
        flags = "-m, -s, -p, -c, --conversation and --temp"
        raise typer.BadParameter(f"{flags} belong after the command: tui-chat {context.invoked_subcommand} …")
    if context.invoked_subcommand is None:
        from tui_chat.cli.launch import open_app

        raise typer.Exit(open_app(context.obj, launch))
