"""`templates`: the prompt templates of the user and of the project."""

import sys
from typing import Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_data_dir

TrustFlag = Annotated[
    bool, typer.Option("--trust", help="Show what this project's .tui-chat folder has, and allow it.")
]


@with_data_dir
def run(trust: TrustFlag = False, as_json: JsonFlag = False, *, ctx: Context) -> None:
    """List prompt templates: the commands that you and this project have added.

    A template is a Markdown file in `commands/` next to the settings file, or in `.tui-chat/commands/` of a project.
    """
    from tui_chat.cli.fill_template import as_rows, ask_for_trust, is_trusted, templates_of
    from tui_chat.cli.output import print_json, print_notice, print_text, width
    from tui_chat.core.clean import clean_line
    from tui_chat.core.text_width import text_width

    templates, project = templates_of(ctx)
    trusted = project is None or is_trusted(ctx, project)
    if trust and project is None:
        raise typer.BadParameter("there is no .tui-chat folder with commands or settings here or above")
    if trust and project is not None and not trusted:
        trusted = ask_for_trust(ctx, project)
        if not trusted:
            raise typer.Exit(1)
    rows = as_rows(templates.by_name, project_is_trusted=trusted)
    if as_json:
        print_json(rows)
    elif not rows:
        print_text(f"No templates yet; each Markdown file in {ctx.settings.file.parent / 'commands'} is one.")
    else:
        calls = [clean_line(f"/{row['name']} {row['arguments']}".rstrip()) for row in rows]
        room = max(map(text_width, calls)) + 2
        for row, call in zip(rows, calls, strict=True):
            note = "" if row["usable"] else " (not allowed yet: --trust)"
            line = f"{call}{' ' * (room - text_width(call))}{clean_line(str(row['description']))}{note}"
            print_text(line[: width()] if sys.stdout.isatty() else line)
    for problem in templates.problems:
        print_notice(clean_line(str(problem)))
