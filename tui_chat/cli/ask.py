"""`tui-chat ask`: what it takes. What it does is in `asking`, loaded when it is called."""

import sys
from typing import Annotated

import typer

from tui_chat.cli.options import (
    ContinueFlag,
    ConversationFlag,
    DataDirFlag,
    DemoFlag,
    ModelFlag,
    ProfileFlag,
    SystemFlag,
    start,
)

PromptArgument = Annotated[str | None, typer.Argument(metavar="PROMPT", help="What to ask; stdin is appended.")]
NoSaveFlag = Annotated[bool, typer.Option("--no-save", help="Keep nothing of it.")]
JsonLinesFlag = Annotated[bool, typer.Option("--jsonl", help="Print a JSON object a line for all that happens.")]


def ask(
    context: typer.Context,
    prompt: PromptArgument = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    no_save: NoSaveFlag = False,
    jsonl: JsonLinesFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Ask one thing and stream the reply to stdout.

    Piped text is appended to the prompt. Where stdin is no terminal it is read to its end: within a loop that reads
    lines, give `< /dev/null`.
    """
    ctx = start(context, demo=demo, data_dir=data_dir)
    text = _whole_prompt(prompt)
    if not text.strip():
        raise typer.BadParameter("there is nothing to ask: give a prompt, or pipe some text")
    from tui_chat.cli.asking import Question, run
    from tui_chat.core.launch_options import LaunchOptions

    wanted = LaunchOptions(model, system, profile, latest, conversation)
    raise typer.Exit(run(ctx, Question(text, wanted, not no_save, jsonl)))


def _whole_prompt(prompt: str | None) -> str:
    piped = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read().decode("utf-8", "replace")
    given = [part for part in (prompt or "", piped.strip("\n")) if part.strip()]
    return "\n\n".join(given)
