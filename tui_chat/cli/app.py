"""The Typer app: the table of commands, each imported only when it is called, and the global options."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer

from tui_chat.cli.context import GlobalOptions
from tui_chat.cli.help_format import HelpCommand, HelpGroup
from tui_chat.cli.options import (
    ConfigFlag,
    ContinueFlag,
    ConversationFlag,
    DataDirFlag,
    DebugFlag,
    DemoFlag,
    ModelFlag,
    ProfileFlag,
    SystemFlag,
    TemporaryFlag,
)

_CHAT = "Chat"
_CONVERSATIONS = "Conversations"
_OTHER = "Usage, models, settings"
COMMANDS = {
    "ask": ("ask", _CHAT),
    "chat": ("chat", _CHAT),
    "open": ("open", _CHAT),
    "list": ("list", _CONVERSATIONS),
    "show": ("show", _CONVERSATIONS),
    "search": ("search", _CONVERSATIONS),
    "rename": ("rename", _CONVERSATIONS),
    "fork": ("fork", _CONVERSATIONS),
    "delete": ("delete", _CONVERSATIONS),
    "restore": ("restore", _CONVERSATIONS),
    "export": ("export", _CONVERSATIONS),
    "import": ("import_", _CONVERSATIONS),
    "backup": ("backup", _CONVERSATIONS),
    "stats": ("stats", _CONVERSATIONS),
    "acp": ("acp", _OTHER),
    "serve": ("serve", _OTHER),
    "token": ("token", _OTHER),
    "sync": ("sync", _OTHER),
    "usage": ("usage", _OTHER),
    "prices": ("prices", _OTHER),
    "models": ("models", _OTHER),
    "templates": ("templates", _OTHER),
    "tools": ("tools", _OTHER),
    "mcp": ("mcp", _OTHER),
    "config": ("config", _OTHER),
    "doctor": ("doctor", _OTHER),
    "help": ("help", _OTHER),
}
"""Each command's module in `tui_chat.cli.commands`, and its heading in `--help`.

A module holds the command as a function `run`, or sub-commands as a Typer app named `app`.
"""


@cache
def load_command(name: str) -> Any:
    """Import a command's module and return the command."""
    module_name, heading = COMMANDS[name]
    module = import_module(f"tui_chat.cli.commands.{module_name}")
    command_app = getattr(module, "app", None)
    if command_app is None:
        command_app = typer.Typer(add_completion=False, rich_markup_mode=None)
        command_app.command(name, cls=HelpCommand)(module.run)
    command: Any = typer.main.get_command(command_app)
    command.rich_help_panel = heading
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
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = _LazyCommands()


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
def tui_chat(
    context: typer.Context,
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    temporary: TemporaryFlag = False,
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
    if context.invoked_subcommand is None:
        from tui_chat.cli.launch import open_app
        from tui_chat.core.launch_options import LaunchOptions

        launch = LaunchOptions(model, system, profile, latest, conversation, temporary)
        raise typer.Exit(open_app(context.obj, launch))
