"""The table of sub-commands: each is loaded only when it is called."""

import typer


def add_to(app: typer.Typer) -> None:
    """Put every sub-command into the program."""
    from tui_chat.cli import ask, browse, library, money, setup
    from tui_chat.cli import open as opened

    app.command("ask")(ask.ask)
    app.command("open")(opened.open_)
    app.command("list")(browse.list_)
    app.command("show")(browse.show)
    app.command("search")(library.search)
    app.command("rename")(library.rename)
    app.command("fork")(library.fork)
    app.command("delete")(browse.delete)
    app.command("restore")(library.restore)
    app.command("export")(library.export)
    app.command("import")(library.import_)
    app.command("backup")(library.backup)
    app.command("stats")(library.stats)
    app.command("usage")(money.usage)
    app.add_typer(money.prices)
    app.command("models")(setup.models)
    app.add_typer(setup.config)
    app.command("doctor")(setup.doctor)
    app.command("help")(setup.help_)
