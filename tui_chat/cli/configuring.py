"""`config path|show|init|edit`."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE, SETTINGS
from tui_chat.cli.store_access import print_json, print_out
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.error import SettingsError
from tui_chat.paths import make_private
from tui_chat.settings.api_keys import KeyRing
from tui_chat.settings.load import load_settings
from tui_chat.settings.show import rows, starter_file
from tui_chat.settings.values import Settings


def path(ctx: Context) -> None:
    """Where the file is."""
    print_out(str(ctx.settings.file))


def show(ctx: Context, *, as_json: bool) -> None:
    """Every value and its origin."""
    found = rows(ctx.settings, KeyRing(ctx.settings))
    if as_json:
        values = [{"name": row.name, "value": row.value, "origin": row.origin} for row in found]
        problems = [str(problem) for problem in ctx.settings.problems]
        print_json(json.dumps({"settings": values, "problems": problems}, ensure_ascii=False, indent=2))
        return
    name_width = max(len(row.name) for row in found)
    value_width = min(max(len(row.value) for row in found), 44)
    lines = [f"{row.name:<{name_width}}  {clean_line(row.value):<{value_width}}  {row.origin}" for row in found]
    print_out("\n".join(line.rstrip() for line in lines))
    _complain(ctx.settings)


def init(ctx: Context, *, force: bool) -> None:
    """Write the commented file, private from its first byte."""
    file = ctx.settings.file
    if file.exists() and not force:
        raise SettingsError(f"{file} is there already; --force writes over it")
    try:
        _write(file, starter_file())
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error
    print_out(f"{file} is written. `tui-chat config edit` opens it.")


def _write(file: Path, text: str) -> None:
    make_private(file.parent)
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    new.replace(file)


def edit(ctx: Context) -> int:
    """The user's editor on the file, then what is wrong with it."""
    file = ctx.settings.file
    if not file.exists():
        init(ctx, force=False)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), str(file)]).returncode
    except (OSError, ValueError) as error:
        raise SettingsError(f"the editor {editor!r} could not be started: {error}") from error
    if code != 0:
        raise SettingsError(f"the editor {editor!r} ended with {code}")
    return _complain(load_settings(file=file))


def _complain(settings: Settings) -> int:
    for problem in settings.problems:
        print(f"tui-chat: {clean(str(problem))}", file=sys.stderr)  # noqa: T201
    return SETTINGS if settings.problems else DONE
