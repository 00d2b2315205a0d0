"""`config`, `models`, `doctor` and `help`: what they take. What they do is loaded when one is called."""

from typing import Annotated

import typer

from tui_chat.cli.help_format import HelpCommand, HelpGroup
from tui_chat.cli.options import DataDirFlag, DemoFlag, JsonFlag, start

config = typer.Typer(name="config", cls=HelpGroup, help="The settings: where they are, what is in force, and why.")
ForceFlag = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
RefreshFlag = Annotated[bool, typer.Option("--refresh", help="Ask the providers instead of remembering.")]
RepairFlag = Annotated[bool, typer.Option("--repair", help="Mend what can be mended, after a backup.")]
OfflineFlag = Annotated[bool, typer.Option("--offline", help="Ask no provider.")]
TopicArgument = Annotated[str | None, typer.Argument(metavar="TOPIC", help="What about; without it, all topics.")]
MatchArgument = Annotated[str, typer.Argument(metavar="WORDS", help="Only models whose name has these words.")]


def help_(topic: TopicArgument = None) -> None:
    """Explain a topic: keys, settings, providers, headless use, privacy …"""
    from tui_chat.cli import helping

    helping.help_about(topic)


@config.command("path", cls=HelpCommand)
def config_path(context: typer.Context) -> None:
    """Print where the settings file is, or would be."""
    from tui_chat.cli import configuring

    configuring.path(start(context))


@config.command("show", cls=HelpCommand)
def config_show(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Print every setting with where it comes from; secrets are masked."""
    from tui_chat.cli import configuring

    configuring.show(start(context), as_json=as_json)


@config.command("init", cls=HelpCommand)
def config_init(context: typer.Context, force: ForceFlag = False) -> None:
    """Write a settings file in which all is explained and nothing changed."""
    from tui_chat.cli import configuring

    configuring.init(start(context), force=force)


@config.command("edit", cls=HelpCommand)
def config_edit(context: typer.Context) -> None:
    """Open the settings file in an editor, then say what is wrong with it.

    The editor is $VISUAL, else $EDITOR.
    """
    from tui_chat.cli import configuring

    raise typer.Exit(configuring.edit(start(context)))


def models(
    context: typer.Context,
    words: MatchArgument = "",
    refresh: RefreshFlag = False,
    as_json: JsonFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """List the models there are, with context window and price.

    Every provider that is set up is asked, and servers on this machine.
    """
    from tui_chat.cli import modelling

    raise typer.Exit(modelling.models(start(context, data_dir=data_dir), words, refresh=refresh, as_json=as_json))


def doctor(
    context: typer.Context,
    as_json: JsonFlag = False,
    repair: RepairFlag = False,
    offline: OfflineFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Check settings, keys, providers, database and terminal.

    What is not right is told with its remedy; the exit code is 1 when something is bad.
    """
    from tui_chat.cli import examining

    ctx = start(context, demo=demo, data_dir=data_dir)
    raise typer.Exit(examining.doctor(ctx, as_json=as_json, repair=repair, offline=offline))
