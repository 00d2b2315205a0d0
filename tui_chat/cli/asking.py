"""One prompt, one reply, no screen. Prints the reply to stdout and nothing else there."""

import asyncio
import sys
from dataclasses import dataclass

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE, INTERRUPTED, PIPE_CLOSED, STORAGE, exit_code, print_error
from tui_chat.cli.opening_notices import opening_notices
from tui_chat.cli.reply_output import ErrorText, JsonLines, Pieces, PlainText, StdoutWriter
from tui_chat.cli.watchdog import Watchdog
from tui_chat.core.error import ChatError
from tui_chat.core.event import TurnEnded
from tui_chat.core.launch_options import LaunchOptions
from tui_chat.core.provider_presets import DEMO_MODEL
from tui_chat.core.turn import TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.wiring import assemble

_NO_KEY = (
    "no key was found, so the built-in demo answers; set ANTHROPIC_API_KEY or OPENAI_API_KEY, "
    "or start a local server and name its model"
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of whom, and how the answer is to be printed."""

    text: str
    wanted: LaunchOptions
    saved: bool
    jsonl: bool


def _by_default(ctx: Context, wanted: LaunchOptions) -> bool:
    """Whether nobody asked for the demo."""
    return not (ctx.demo or ctx.settings.default_model or wanted.model or wanted.profile)


def run(ctx: Context, question: Question) -> int:
    """Ask, print, and return the exit code."""
    with Watchdog() as watchdog:
        return asyncio.run(_ask(ctx, question, watchdog))


async def _ask(ctx: Context, question: Question, watchdog: Watchdog) -> int:
    program = await assemble(ctx.settings, demo=ctx.demo, saving=question.saved, auto_title=False)
    try:
        for sentence in opening_notices(program.store.opening):
            print(f"tui-chat: {sentence}", file=sys.stderr)  # noqa: T201
        conversation = await program.conversation_for(question.wanted)
        if conversation.model == DEMO_MODEL and _by_default(ctx, question.wanted):
            print(f"tui-chat: {_NO_KEY}", file=sys.stderr)  # noqa: T201
        reply = await program.service.send(conversation, question.text)
        watchdog.save = program.save_unsaved
        words = Pieces(JsonLines()) if question.jsonl else _for_people(ctx.settings.ui.measure)
        code = await _follow(reply, words, watchdog)
    finally:
        await program.aclose()
    watchdog.all_saved(code)
    return code


async def _follow(reply: Reply, words: ErrorText, watchdog: Watchdog) -> int:
    """Print the reply as it arrives; signals and a closed pipe stop it and keep what arrived."""
    stopped: list[int] = []

    def stop(code: int, status: TurnStatus) -> None:
        stopped.append(code)
        reply.cancel(status=status)

    def leave(code: int) -> None:
        stop(code, TurnStatus.CANCELLED if code == INTERRUPTED else TurnStatus.INTERRUPTED)

    watchdog.follow(asyncio.get_running_loop().call_soon_threadsafe, leave)
    outlet = StdoutWriter(words, lambda: stop(PIPE_CLOSED, TurnStatus.CANCELLED))
    ended: TurnEnded | None = None
    async for event in reply:
        outlet.write(event)
        if isinstance(event, TurnEnded):
            ended = event
    unprinted = await outlet.close()
    assert ended is not None
    return _judge(ended, stopped, unprinted)


def _for_people(measure: int) -> ErrorText:
    """The reply laid out on a terminal, and as it is written into anything else."""
    if sys.stdout.isatty():
        from tui_chat.cli.console import redrawing_console
        from tui_chat.cli.markdown_output import MarkdownOutput

        if (console := redrawing_console()) is not None:
            return MarkdownOutput(console, measure)
    return Pieces(PlainText())


def _judge(ended: TurnEnded, stopped: list[int], unprinted: ChatError | None) -> int:
    errors = [error for error in (ended.save_error, ended.error, unprinted) if error is not None]
    for error in errors:
        print_error(error)
    if stopped:
        return stopped[0]
    if ended.save_error is not None:
        return STORAGE
    return exit_code(errors[0]) if errors else DONE
