"""The table of sub-commands: each is loaded only when it is called."""

from collections.abc import Callable

import typer

TALK = "Talk"
PAST = "Past conversations"
REST = "Tokens, models, settings"


def add_to(app: typer.Typer) -> None:
    """Put every sub-command into the program."""
    from tui_chat.cli import ask, browse, library, money, setup
    from tui_chat.cli import open as opened
    from tui_chat.cli.help_format import HelpCommand

    def command(name: str, heading: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        return app.command(name, cls=HelpCommand, rich_help_panel=heading)

    command("ask", TALK)(ask.ask)
    command("open", TALK)(opened.open_)
    command("list", PAST)(browse.list_)
    command("show", PAST)(browse.show)
    command("search", PAST)(library.search)
    command("rename", PAST)(library.rename)
    command("fork", PAST)(library.fork)
    command("delete", PAST)(browse.delete)
    command("restore", PAST)(library.restore)
    command("export", PAST)(library.export)
    command("import", PAST)(library.import_)
    command("backup", PAST)(library.backup)
    command("stats", PAST)(library.stats)
    command("usage", REST)(money.usage)
    app.add_typer(money.prices, rich_help_panel=REST)
    command("models", REST)(setup.models)
    app.add_typer(setup.config, rich_help_panel=REST)
    command("doctor", REST)(setup.doctor)
    command("help", REST)(setup.help_)
