"""`ask`: one prompt, one reply, no screen. Prints the reply to stdout and nothing else there."""

import os
import stat
import sys
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.attach_option import AttachOption, YesFlag, gather
from tui_chat.cli.context import Context
from tui_chat.cli.first_conversation import NO_KEY, has_no_model
from tui_chat.cli.options import (
    ContinueFlag,
    ConversationFlag,
    ModelFlag,
    ProfileFlag,
    SystemFlag,
    with_context,
)
from tui_chat.cli.output import print_notice
from tui_chat.cli.tool_options import (
    AllowOption,
    McpOption,
    MostRoundsOption,
    MostUsdOption,
    ToolOption,
    ToolsOption,
    check_servers,
    chosen_tools,
    deny,
    with_tool_settings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_chat.cli.reply_output import ReplyText
    from tui_chat.cli.signals import Watchdog
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.error import ChatError
    from tui_chat.core.event import TurnEnded
    from tui_chat.core.launch_options import LaunchOptions
    from tui_chat.core.part import AttachmentPart
    from tui_chat.service.reply import Reply
    from tui_chat.wiring import Program

PromptArgument = Annotated[str | None, typer.Argument(metavar="PROMPT", help="The prompt; stdin is appended.")]
NoSaveFlag = Annotated[bool, typer.Option("--no-save", help="Do not save the conversation.")]
JsonLinesFlag = Annotated[bool, typer.Option("--jsonl", help="Stream events as JSON Lines.")]
ExtractFlag = Annotated[bool, typer.Option("-x", "--extract", help="Print only the first code block.")]
ExtractLastFlag = Annotated[bool, typer.Option("--extract-last", help="Print only the last code block.")]
TemplateFlag = Annotated[
    str | None, typer.Option("-t", "--template", metavar="NAME", help="Send this prompt template; PROMPT fills it.")
]
OptionFlag = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", metavar="NAME=VALUE", help="Model option: effort, thinking, max_tokens …"),
]
TitleFlag = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title of the conversation.")]
VerboseFlag = Annotated[bool, typer.Option("-v", "--verbose", help="Print model, tokens and cost to stderr.")]
OverBudgetFlag = Annotated[bool, typer.Option("--over-budget", help="Send it even if the budget is reached.")]


@dataclass(frozen=True, slots=True)
class _Question:
    """A prompt, the conversation it belongs to, and the output format."""

    text: str
    attachments: "tuple[AttachmentPart, ...]"
    options: "LaunchOptions"
    save: bool
    jsonl: bool
    tools: tuple[str, ...]
    extract: str = ""
    """`first` or `last`: print only that code block."""
    settings: tuple[str, ...] = ()
    """Model options as they are typed: `effort=high`."""
    title: str = ""
    verbose: bool = False
    over_budget: bool = False


@with_context
def run(
    prompt: PromptArgument = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    template: TemplateFlag = None,
    option: OptionFlag = None,
    extract: ExtractFlag = False,
    extract_last: ExtractLastFlag = False,
    title: TitleFlag = None,
    verbose: VerboseFlag = False,
    attach: AttachOption = None,
    yes: YesFlag = False,
    tools: ToolsOption = None,
    tool: ToolOption = None,
    mcp: McpOption = None,
    allow: AllowOption = None,
    most_rounds: MostRoundsOption = None,
    most_usd: MostUsdOption = None,
    over_budget: OverBudgetFlag = False,
    no_save: NoSaveFlag = False,
    jsonl: JsonLinesFlag = False,
    *,
    ctx: Context,
) -> None:
    """Send a prompt and stream the reply to stdout.

    Piped text is appended to the prompt; a piped image or PDF is attached. If stdin is not a terminal it is read to
    its end: in a loop that reads lines, redirect it with `< /dev/null`.
    """
    import asyncio

    from tui_chat.cli.signals import Watchdog
    from tui_chat.core.launch_options import LaunchOptions

    piped, attachments = gather(attach or (), yes=yes)
    own = None
    if template is not None:
        from tui_chat.cli.fill_template import fill_template, find_template

        own = find_template(ctx, template)
        prompt, files, is_in = fill_template(own, prompt or "", piped, yes=yes)
        attachments += files
        piped = "" if is_in else piped
        model, profile = model or own.model or None, profile or own.profile or None
    text = _prompt_text(prompt or "", piped, expects_input=own is None and not attachments)
    ctx = with_tool_settings(ctx, allow or (), most_rounds, most_usd)
    _check_options(option or ())
    if jsonl and (extract or extract_last):
        raise typer.BadParameter("-x prints a code block, --jsonl prints events: choose one of them")
    question = _Question(
        text,
        attachments,
        LaunchOptions(model, system, profile, latest, conversation),
        not no_save,
        jsonl,
        chosen_tools(ctx, [*(own.tools if own is not None else ()), *(tools or ()), *(tool or ()), *(mcp or ())]),
        "last" if extract_last else "first" if extract else "",
        tuple(option or ()),
        (title or "").strip(),
        verbose,
        over_budget,
    )
    with Watchdog() as watchdog:
        code = asyncio.run(_ask(ctx, question, watchdog))
    raise typer.Exit(code)


def _prompt_text(prompt: str, piped: str, *, expects_input: bool) -> str:
    """Return the prompt with the piped text after it; one of them must be there."""
    if expects_input and prompt and not piped.strip() and _is_pipe():
        print_notice("stdin is empty; the prompt is sent alone")
    text = "\n\n".join(part for part in (prompt, piped.strip("\n")) if part.strip())
    if not text.strip():
        raise typer.BadParameter("the prompt is empty: pass one, or pipe some text")
    return text


def _check_options(words: "Sequence[str]") -> None:
    """Raise a usage error for a model option that does not exist or has an invalid value."""
    if words:
        from tui_chat.core.conversation import Options
        from tui_chat.core.option_syntax import parse_options

        try:
            parse_options(Options(), " ".join(words))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None


def _is_pipe() -> bool:
    """Return whether stdin is a pipe, from which text is expected; /dev/null is not."""
    try:
        return sys.stdin is not None and stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):
        return False


async def _ask(ctx: Context, question: _Question, watchdog: "Watchdog") -> int:
    from tui_chat.cli.reply_output import figures
    from tui_chat.cli.store_access import print_opening_notices
    from tui_chat.wiring import assemble

    program = await assemble(ctx.settings, demo=ctx.demo, saving=question.save, auto_title=False)
    async with aclosing(program):
        print_opening_notices(program.store.opening, writes=True)
        await check_servers(program, question.tools)
        conversation = await _conversation(ctx, program, question)
        if question.over_budget:
            program.service.gate.lift_once()
        reply = await program.service.send(conversation, question.text, question.attachments)
        for note in reply.notes:
            print_notice(note)
        watchdog.save = program.save_unsaved
        if question.title and conversation.turns:
            await program.store.rename(conversation.id, question.title)
        code = await _print_reply(reply, _reply_text(ctx, question), watchdog)
        if question.verbose:
            print_notice(figures(reply.turn))
    watchdog.all_saved(code)
    return code


async def _conversation(ctx: Context, program: "Program", question: _Question) -> "Conversation":
    """Return the conversation of the flags, stored or new; print which model it has if the flags do not name it."""
    from tui_chat.cli.project_profile import with_project_profile
    from tui_chat.core.provider_presets import DEMO_MODEL

    options = await program.with_resolved_model(question.options)
    if not (options.latest or options.conversation):
        options, notices = await with_project_profile(program, options)
        for notice in notices:
            print_notice(notice)
    stored = await program.conversation_for(options)
    conversation = _with_flags(await program.with_usable_model(stored, question.options), question)
    if conversation.model != (question.options.model or stored.model):
        print_notice(f"model {conversation.model}")
    if conversation.model == DEMO_MODEL and has_no_model(ctx, question.options):
        print_notice(NO_KEY)
    return conversation


async def _print_reply(reply: "Reply", text: "ReplyText", watchdog: "Watchdog") -> int:
    """Print the reply as it arrives; signals and a closed pipe stop it and keep what arrived."""
    import asyncio

    from tui_chat.cli.exit_codes import INTERRUPTED, PIPE_CLOSED
    from tui_chat.cli.reply_output import StdoutWriter
    from tui_chat.core.clean import clean_line
    from tui_chat.core.event import ApprovalAsked, PartDelta, ToolsUnsupported, TurnEnded
    from tui_chat.core.part import ToolResultPart, ToolStatus
    from tui_chat.core.turn import TurnStatus

    stop_codes: list[int] = []

    def stop(code: int, status: TurnStatus) -> None:
        stop_codes.append(code)
        reply.cancel(status=status)

    def leave(code: int) -> None:
        stop(code, TurnStatus.CANCELLED if code == INTERRUPTED else TurnStatus.INTERRUPTED)

    watchdog.follow(asyncio.get_running_loop().call_soon_threadsafe, leave)
    writer = StdoutWriter(text, lambda: stop(PIPE_CLOSED, TurnStatus.CANCELLED))
    ended: TurnEnded | None = None
    asked: set[str] = set()
    async for event in reply:
        writer.write(event)
        match event:
            case TurnEnded():
                ended = event
            case ApprovalAsked(approval):
                asked.add(approval.call.call_id)
                await deny(reply, approval)
            case PartDelta(ToolResultPart(call_id, why, status=ToolStatus.DENIED)) if call_id not in asked:
                print_notice(clean_line(why))
            case ToolsUnsupported(model):
                print_notice(f"{model} cannot use tools; it answers without them")
    print_fault = await writer.close()
    assert ended is not None
    return _exit_code(ended, stop_codes, print_fault)


def _with_flags(conversation: "Conversation", question: _Question) -> "Conversation":
    """Return the conversation with the tools, the model options and, while it is new, the title of the flags."""
    from tui_chat.core.conversation import TitleSource
    from tui_chat.core.option_syntax import parse_options

    # Tools are on only where the flags of this very call name them.
    options = replace(conversation.options, tools=question.tools)
    conversation = replace(conversation, options=parse_options(options, " ".join(question.settings)))
    if question.title:
        conversation = replace(conversation, title=question.title, title_source=TitleSource.USER)
    return conversation


def _reply_text(ctx: Context, question: _Question) -> "ReplyText":
    """Return what formats the reply: a code block, JSON Lines, laid out for a terminal, or plain."""
    from tui_chat.cli.output import redrawing_console
    from tui_chat.cli.reply_output import CodeBlockText, EventTexts, JsonLines, MarkdownOutput, PlainText

    if question.extract:
        return EventTexts(CodeBlockText(is_last=question.extract == "last"))
    if question.jsonl:
        return EventTexts(JsonLines())
    if sys.stdout.isatty() and (console := redrawing_console()) is not None:
        return MarkdownOutput(console, ctx.settings.ui.measure)
    return EventTexts(PlainText())


def _exit_code(ended: "TurnEnded", stop_codes: list[int], print_fault: "ChatError | None") -> int:
    """Print the errors and return the exit code."""
    from tui_chat.cli.exit_codes import BUDGET, DONE, STORAGE, TOOL_DENIED, exit_code
    from tui_chat.cli.output import print_error
    from tui_chat.core.part import ToolResultPart, ToolStatus

    errors = [error for error in (ended.save_error, ended.error, print_fault) if error is not None]
    for error in errors:
        print_error(error)
    if stop_codes:
        return stop_codes[0]
    if ended.save_error is not None:
        return STORAGE
    if errors:
        return exit_code(errors[0])
    if ended.turn.stop_reason == "budget":
        return BUDGET
    results = (part for part in ended.turn.parts if isinstance(part, ToolResultPart))
    return TOOL_DENIED if any(result.status is ToolStatus.DENIED for result in results) else DONE
