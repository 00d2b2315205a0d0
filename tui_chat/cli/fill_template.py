"""Prompt templates on the command line: find one, ask about a project's, fill its placeholders."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.output import print_notice
from tui_chat.core.clean import clean, clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui_chat.core.part import AttachmentPart
    from tui_chat.core.prompt_template import PromptTemplate
    from tui_chat.settings.templates import Project, Templates


def templates_of(ctx: Context) -> "tuple[Templates, Project | None]":
    """Return the templates of the user and of the project, which may not be trusted."""
    from tui_chat.settings.templates import find_project, load_templates
    from tui_chat.ui.commands.slash_commands import ALIASES, COMMANDS_BY_NAME

    project = find_project(Path.cwd())
    return load_templates(ctx.settings.file.parent, project, {*COMMANDS_BY_NAME, *ALIASES}), project


def is_trusted(ctx: Context, project: "Project") -> bool:
    """Return whether the user has agreed to the project's files as they are."""
    from tui_chat.cli.store_access import with_store
    from tui_chat.service import project_trust

    return with_store(ctx, lambda store: project_trust.is_trusted(store, str(project.folder), project.fingerprint))


def ask_for_trust(ctx: Context, project: "Project") -> bool:
    """Print every file of the project's folder, and ask on the terminal whether to use them."""
    from tui_chat.cli.store_access import with_store
    from tui_chat.service import project_trust

    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    for name in project.files:
        text = (project.folder / name).read_text(encoding="utf-8", errors="replace")
        typer.echo(f"--- {clean_line(str(project.folder / name))}\n{clean(text).rstrip()}\n", err=True)
    if not typer.confirm("Use these commands and settings until one of the files changes?", err=True):
        return False
    with_store(ctx, lambda store: project_trust.trust(store, str(project.folder), project.fingerprint))
    return True


def find_template(ctx: Context, name: str) -> "PromptTemplate":
    """Return the template of that name; a usage error where there is none, or where it may not be used."""
    from tui_chat.core.error import SettingsError
    from tui_chat.core.fuzzy import did_you_mean

    templates, project = templates_of(ctx)
    name = name.removeprefix("/")
    if (template := templates.by_name.get(name)) is None:
        for problem in templates.problems:
            if problem.key == name:
                raise SettingsError(clean_line(str(problem)))
        raise typer.BadParameter(
            f"there is no template {name!r}{did_you_mean(name, templates.by_name)}; `tui-chat templates` lists them"
        )
    is_allowed = not template.is_project or project is None or is_trusted(ctx, project)
    if not is_allowed and project is not None and not ask_for_trust(ctx, project):
        raise typer.BadParameter(f"{name} comes with this project: allow it with `tui-chat templates --trust`")
    return template


def fill_template(
    template: "PromptTemplate", arguments: str, piped: str, *, yes: bool
) -> "tuple[str, tuple[AttachmentPart, ...], bool]":
    """Return the prompt, the files that it names, and whether the piped text is in it."""
    from tui_chat.cli.attach_option import confirm
    from tui_chat.core.prompt_template import CLIPBOARD, FILE, STDIN, filled, placeholders

    values: dict[str, str] = {}
    files: list[AttachmentPart] = []
    wanted = placeholders(template, arguments)
    for what in wanted:
        if what == STDIN:
            values[what] = piped.strip("\n")
            if not piped.strip():
                print_notice("stdin is empty; the template is sent without it")
        elif what == CLIPBOARD:
            values[what] = _clipboard()
        else:
            part, path = _file(what.removeprefix(FILE))
            confirm(part, path, yes=yes, reason=_outside(template, path))
            files.append(part)
            values[what] = part.name
    return filled(template, arguments, values), tuple(files), STDIN in wanted


def _file(name: str) -> "tuple[AttachmentPart, Path]":
    from tui_chat.attachments.read_file import read_attachment

    path = Path(name).expanduser().absolute()
    return read_attachment(path), path


def _outside(template: "PromptTemplate", path: Path) -> str:
    """Return why a project's template may not read a file unasked; empty where it may."""
    is_inside = path.resolve().is_relative_to(Path.cwd().resolve())
    return "" if is_inside or not template.is_project else f"{path.name} is outside this folder."


def _clipboard() -> str:
    from tui_chat.ui.terminal.clipboard_text import NoClipboardText, read_text

    try:
        return read_text(os.environ)
    except NoClipboardText as error:
        raise typer.BadParameter(str(error)) from None


def as_rows(templates: "Mapping[str, PromptTemplate]", *, project_is_trusted: bool) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "arguments": one.argument_hint,
            "description": one.about,
            "model": one.model,
            "profile": one.profile,
            "tools": list(one.tools),
            "file": one.file,
            "usable": project_is_trusted or not one.is_project,
        }
        for name, one in templates.items()
    ]
