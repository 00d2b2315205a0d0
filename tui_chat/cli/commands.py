"""The table of sub-commands: each is loaded only when it is called."""

import typer


def add_to(app: typer.Typer) -> None:
    """Put every sub-command into the program."""
    from tui_chat.cli import ask, browse

    app.command("ask")(ask.ask)
    app.command("list")(browse.list_)
    app.command("show")(browse.show)
    app.command("delete")(browse.delete)
