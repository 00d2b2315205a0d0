"""`config path`, `show`, `get`, `set`, `init` and `edit`: the settings file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.help_format import HelpCommand, command_group
from tui_chat.cli.options import JsonFlag
from tui_chat.cli.output import print_json, print_notice, print_text

if TYPE_CHECKING:
    from tui_chat.settings.values import Settings

app = command_group("config", "Show and edit the settings.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Dotted name, such as ui.theme.")]
ValueArgument = Annotated[str, typer.Argument(metavar="VALUE", help="The new value; separate several with commas.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


@app.command("path", cls=HelpCommand)
def path(context: typer.Context) -> None:
    """Print the path of the settings file, whether it exists or not."""
    print_text(str(command_context(context).settings.file))


@app.command("show", cls=HelpCommand)
def show(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Print every setting and where it comes from; secrets are masked."""
    from tui_chat.core.clean import clean_line
    from tui_chat.settings.api_keys import KeyRing
    from tui_chat.settings.settings_text import rows

    settings = command_context(context).settings
    shown = rows(settings, KeyRing(settings))
    if as_json:
        values = [{"name": row.name, "value": row.value, "origin": row.origin} for row in shown]
        problems = [str(problem) for problem in settings.problems]
        print_json({"settings": values, "problems": problems})
        return
    name_width = max(len(row.name) for row in shown)
    value_width = min(max(len(row.value) for row in shown), 44)
    lines = [f"{row.name:<{name_width}}  {clean_line(row.value):<{value_width}}  {row.origin}" for row in shown]
    print_text("\n".join(line.rstrip() for line in lines))
    _print_problems(settings)


@app.command("get", cls=HelpCommand)
def get(context: typer.Context, name: NameArgument) -> None:
    """Print the value of one setting, and nothing else."""
    from tui_chat.settings.find_setting import find_setting, value_of, value_text

    settings = command_context(context).settings
    setting = find_setting(name)
    print_text(value_text(value_of(settings, setting.name)))


@app.command("set", cls=HelpCommand)
def set_(context: typer.Context, name: NameArgument, value: ValueArgument) -> None:
    """Set one setting in the settings file, whose comments stay."""
    from tui_chat.cli.unusable_settings import theme_problem
    from tui_chat.core.error import SettingsError
    from tui_chat.settings.find_setting import find_setting, value_text
    from tui_chat.wiring import save_setting

    settings = command_context(context).settings
    setting = find_setting(name)
    meant = setting.read(value)
    if setting.name == "ui.theme" and (problem := theme_problem(value)):
        raise SettingsError(problem)
    save_setting(settings.file, setting.name, meant)
    print_text(f"{setting.name} = {value_text(meant)}")
    origin = settings.origin(setting.name)
    if origin.kind == "environment":
        print_notice(f"{origin.place} in the environment overrides it")


@app.command("init", cls=HelpCommand)
def init(context: typer.Context, force: ForceFlag = False) -> None:
    """Write a commented settings file with the defaults."""
    _init(command_context(context).settings.file, force=force)


@app.command("edit", cls=HelpCommand)
def edit(context: typer.Context) -> None:
    """Open the settings file in an editor, then print its errors.

    The editor is $VISUAL, else $EDITOR.
    """
    import subprocess

    from tui_chat.cli.exit_codes import DONE, SETTINGS
    from tui_chat.core.editor import editor_command
    from tui_chat.core.error import SettingsError
    from tui_chat.settings.load import load_settings

    file = command_context(context).settings.file
    if not file.exists():
        _init(file, force=False)
    try:
        command = [*editor_command(os.environ), str(file)]
    except ValueError as error:
        raise SettingsError(str(error)) from error
    try:
        code = subprocess.run(command).returncode
    except OSError as error:
        raise SettingsError(f"the editor {command[0]!r} could not be started: {error}") from error
    if code != 0:
        raise SettingsError(f"the editor {command[0]!r} ended with {code}")
    settings = load_settings(file=file)
    _print_problems(settings)
    raise typer.Exit(SETTINGS if settings.problems else DONE)


def _init(file: Path, *, force: bool) -> None:
    """Write the file with its comments, readable by its owner only."""
    from tui_chat.core.error import SettingsError
    from tui_chat.paths import make_private
    from tui_chat.settings.settings_text import starter_file
    from tui_chat.storage.private_files import replace, temporary_file

    if file.exists() and not force:
        raise SettingsError(str(file), detail="exists")
    try:
        make_private(file.parent)
        with temporary_file(file.parent) as new:
            new.write_text(starter_file(), encoding="utf-8")
            replace(file, new)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error
    print_text(f"{file} is written. `tui-chat config edit` opens it.")


def _print_problems(settings: "Settings") -> None:
    from tui_chat.core.clean import clean

    for problem in settings.problems:
        print_notice(clean(str(problem)))
