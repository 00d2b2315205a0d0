"""Options and arguments shared by several commands. Knows no command."""

import inspect
from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from tui_chat.cli.context import Context, command_context
from tui_chat.cli.shell_completion import conversations, models
from tui_chat.core.launch_options import LaunchOptions

DemoFlag = Annotated[bool, typer.Option("--demo", help="Use the built-in offline demo model.")]
DataDirFlag = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Directory of the conversation database.")
]
ConfigFlag = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings file to read.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Enable debug logging.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelFlag = Annotated[
    str | None, typer.Option("-m", "--model", metavar="PROVIDER/MODEL", help="Model to use.", autocompletion=models)
]
IdArgument = Annotated[
    str,
    typer.Argument(metavar="ID", help="Conversation id, or a unique prefix of an id.", autocompletion=conversations),
]
BranchFlag = Annotated[str, typer.Option("--branch", metavar="WHICH", help="current, or all for every branch.")]
SystemFlag = Annotated[str | None, typer.Option("-s", "--system", metavar="TEXT", help="System prompt.")]
ProfileFlag = Annotated[
    str | None, typer.Option("-p", "--profile", metavar="NAME", help="Profile from the settings.")
]
ContinueFlag = Annotated[bool, typer.Option("-c", "--continue", help="Continue the most recent conversation.")]
TemporaryFlag = Annotated[
    bool, typer.Option("--temp", help="Keep nothing: conversations, drafts and history live in memory only.")
]
ConversationFlag = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        metavar="ID",
        help="Continue this conversation (unique prefix of an id).",
        autocompletion=conversations,
    ),
]


def launch_options(
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    temporary: TemporaryFlag = False,
) -> LaunchOptions:
    """Return the options of whatever opens a chat; these parameters are its flags on the command line."""
    return LaunchOptions(model, system, profile, latest, conversation, temporary)


def _with_flags(made: str, make: Callable[..., Any], command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the flags of `make` in place of its parameter `made`, which `make` returns."""
    flags = inspect.signature(make).parameters
    signature = inspect.signature(command)
    parameters = [
        parameter.replace(kind=parameter.POSITIONAL_OR_KEYWORD)
        for own in signature.parameters.values()
        for parameter in (flags.values() if own.name == made else (own,))
    ]
    parameters.sort(key=lambda parameter: parameter.default is not parameter.empty)

    @wraps(command)
    def run(**values: Any) -> None:
        command(**{made: make(**{flag: values.pop(flag) for flag in flags})}, **values)

    # Typer reads both.
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def _context(context: typer.Context, demo: DemoFlag = False, data_dir: DataDirFlag = None) -> Context:
    return command_context(context, demo=demo, data_dir=data_dir)


def _context_without_demo(context: typer.Context, data_dir: DataDirFlag = None) -> Context:
    return command_context(context, data_dir=data_dir)


with_launch_options = partial(_with_flags, "launch", launch_options)
"""Gives a command the flags of whatever opens a chat, as its parameter `launch`."""
with_context = partial(_with_flags, "ctx", _context)
"""Gives a command --demo and --data-dir, and the settings with them, as its parameter `ctx`."""
with_data_dir = partial(_with_flags, "ctx", _context_without_demo)
"""The same with --data-dir alone."""


def choice_or_error(value: str, choices: Sequence[str], what: str) -> str:
    """Return the value if it is one of the choices; else raise a usage error with a suggestion."""
    if value in choices:
        return value
    from tui_chat.core.fuzzy import did_you_mean

    raise typer.BadParameter(
        f"there is no {what} {value!r}{did_you_mean(value, choices)}; there are {', '.join(choices)}"
    )
