"""Tools in the app: chosen, shown, asked about, and never answered by what was typed for the prompt."""

import asyncio
import random
import string
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.attachments.samples import image
from tests.support.tools import ACT, ScriptedToolbox, answer, calls
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.conversation import Options
from tui_chat.core.form import Form, FormField
from tui_chat.core.part import AttachmentPart, ToolCallPart, ToolResultPart, ToolStatus
from tui_chat.core.tool import CallReview, CanAsk, Tool, ToolOutcome, ToolServer
from tui_chat.providers.demo.provider import Step
from tui_chat.rendering.line import Line
from tui_chat.ui.widgets import approval_bar

ACTION = ("c2", "act", '{"path": "b"}')


@asynccontextmanager
async def tool_desk(
    *scripts: Sequence[Step], toolbox: ScriptedToolbox | None = None, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Desk]:
    async with desk_with(*scripts, toolbox=toolbox or ScriptedToolbox(), size=size) as desk:
        desk.chat.conversation = desk.service.new_conversation("demo/tour", options=Options(tools=("act", "look")))
        yield desk


async def asked(desk: Desk) -> None:
    await desk.type("go")
    await desk.press("enter")
    await desk.until(lambda: desk.chat.approval_bar.approvals)


def shown_lines(desk: Desk) -> list[Line]:
    entry = desk.chat.pane.viewport.turns.layout(len(desk.chat.pane.viewport.turns.entries) - 1)
    return [entry.line(row) for row in range(entry.rows)]


def statuses(desk: Desk) -> list[ToolStatus]:
    return [part.status for part in desk.conversation.path[-1].parts if isinstance(part, ToolResultPart)]


async def answer_with(desk: Desk, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval_bar, "SETTLE_S", 0.0)
    await desk.press("alt+a", key)
    await desk.idle()


async def test_the_bar_shows_the_call_and_a_key_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox = ScriptedToolbox()
    async with tool_desk(calls(ACTION), answer(), toolbox=toolbox) as desk:
        await asked(desk)
        await desk.until(lambda: "Allow act?" in screen_text(desk.app))
        shown = screen_text(desk.app)
        assert "exactly this command" in shown and "waiting for you" in shown
        await answer_with(desk, "y", monkeypatch)
        assert toolbox.ran == ["c2"] and statuses(desk) == [ToolStatus.DONE]
        assert not desk.chat.approval_bar.display and desk.chat.prompt.has_focus


async def test_a_call_of_a_server_is_named_with_it_and_its_key_allows_the_whole_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toolbox = ScriptedToolbox()
    toolbox.tools = (replace(ACT, mcp="box", own_name="do it"),)
    async with tool_desk(calls(ACTION), answer(), toolbox=toolbox) as desk:
        await asked(desk)
        await desk.until(lambda: "Allow do it of box?" in screen_text(desk.app))
        await answer_with(desk, "s", monkeypatch)
        assert [(grant.tool, grant.subject) for grant in await desk.service.permissions.grants()] == [("act", "")]


async def test_no_with_the_reason_that_is_in_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tool_desk(calls(ACTION), answer()) as desk:
        await asked(desk)
        await desk.type("too risky")
        await answer_with(desk, "r", monkeypatch)
        (result,) = [part for part in desk.conversation.path[-1].parts if isinstance(part, ToolResultPart)]
        assert "too risky" in result.text and result.status is ToolStatus.DENIED
        assert desk.chat.prompt.draft == ""


async def test_escape_stops_the_reply_while_a_call_waits() -> None:
    toolbox = ScriptedToolbox()
    async with tool_desk(calls(ACTION), answer(), toolbox=toolbox) as desk:
        await asked(desk)
        await desk.press("escape")
        await desk.idle()
        assert toolbox.ran == [] and statuses(desk) == [ToolStatus.NOT_RUN]
        assert not desk.chat.approval_bar.display


async def test_keys_for_the_prompt_answer_nothing() -> None:
    """Two hundred random keys while calls are waiting: all of them end up in the prompt."""
    toolbox = ScriptedToolbox()
    keys = "".join(random.Random(7).choices(string.ascii_letters + string.digits + " .,", k=200))
    async with tool_desk(calls(ACTION, ("c3", "act", "{}")), answer(), toolbox=toolbox) as desk:
        await asked(desk)
        await desk.type(keys)
        await desk.until(lambda: desk.chat.prompt.draft == keys)
        assert toolbox.ran == [] and len(desk.chat.approval_bar.approvals) == 2


async def test_a_letter_answers_nothing_in_the_first_moment() -> None:
    toolbox, clock = ScriptedToolbox(), [0.0]
    async with tool_desk(calls(ACTION), answer(), toolbox=toolbox) as desk:
        desk.chat.approval_bar._monotonic_s = lambda: clock[0]
        await asked(desk)
        await desk.press("alt+a", "y")
        assert toolbox.ran == [] and desk.chat.approval_bar.approvals
        clock[0] += approval_bar.SETTLE_S
        await desk.press("y")
        await desk.idle()
        assert toolbox.ran == ["c2"]


class Hostile(ScriptedToolbox):
    """Its calls are long and full of what could harm a terminal."""

    details = "rm -rf \u202e/ \x1b[2J\x1b]0;owned\x07 \u200b" + "x" * 5_000 + "\nthe last line"

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        return CallReview(tool, False, "hostile", self.details, "y")


@pytest.mark.slow
@pytest.mark.slow
async def test_a_long_hostile_call_can_be_read_to_its_end_and_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tool_desk(calls(ACTION), answer(), toolbox=Hostile()) as desk:
        await asked(desk)
        await desk.press("alt+a")
        seen = ""
        for _ in range(80):
            seen += screen_text(desk.app)
            await desk.press("j")
        assert "the last line" in seen and "rm -rf \ufffd/" in seen and "␛[2J" in seen
        assert "\x1b" not in seen and "\u202e" not in seen
        await desk.press("escape")
        await desk.idle()


async def test_the_slash_command_turns_tools_on_and_off_and_the_footer_shows_them() -> None:
    async with desk_with(toolbox=ScriptedToolbox(), size=(140, 30)) as desk:
        await desk.ask("/tools read run")
        assert desk.conversation.options.tools == ("read", "run")
        await desk.until(lambda: "tools: read, run" in screen_text(desk.app))
        await desk.ask("/tools rad")
        await desk.until(lambda: "did you mean read" in screen_text(desk.app))
        await desk.ask("/tools off")
        assert desk.conversation.options.tools == ()
        await desk.press("alt+t")
        await desk.until(lambda: "read: off" in screen_text(desk.app))
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.options.tools == ("read",))


async def test_a_permission_for_good_is_taken_back_in_the_picker(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tool_desk(calls(ACTION), answer()) as desk:
        await asked(desk)
        await answer_with(desk, "a", monkeypatch)
        assert [grant.tool for grant in await desk.service.permissions.grants()] == ["act"]
        await desk.press("alt+t")
        await desk.type("forget act")
        await desk.press("enter")
        await desk.until(lambda: "Forgotten" in screen_text(desk.app))
        assert await desk.service.permissions.grants() == ()


async def test_how_calls_ended_is_shown_in_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tool_desk(calls(ACTION), answer()) as desk:
        await asked(desk)
        await answer_with(desk, "n", monkeypatch)
        await desk.until(lambda: "denied" in screen_text(desk.app))
        assert ACT.name in screen_text(desk.app)


async def test_a_call_that_arrives_on_the_screen_is_named_while_it_runs() -> None:
    shown, end = asyncio.Event(), asyncio.Event()

    async def run(call: ToolCallPart) -> ToolOutcome:
        await end.wait()
        return ToolOutcome("done")

    first, *rest = calls(("c1", "look", "{}"))
    async with tool_desk([first, shown, *rest], answer(), toolbox=ScriptedToolbox(run=run)) as desk:
        await desk.type("go")
        await desk.press("enter")
        await desk.until(lambda: "Let me see." in screen_text(desk.app))
        shown.set()
        await desk.until(lambda: "Running look" in screen_text(desk.app))
        end.set()


async def test_a_running_command_shows_its_last_lines_and_no_more() -> None:
    started, end = asyncio.Event(), asyncio.Event()

    async def run(call: ToolCallPart) -> ToolOutcome:
        started.set()
        await end.wait()
        return ToolOutcome("all of it\nin two lines")

    toolbox = ScriptedToolbox(run=run)
    toolbox.output = "\n".join(f"step {number}\x1b[2J" for number in range(1, 21))
    async with tool_desk(calls(("c1", "look", "{}")), answer(), toolbox=toolbox) as desk:
        await desk.type("go")
        await desk.press("enter")
        await desk.until(lambda: all(text in screen_text(desk.app) for text in ("Running look", "step 20")))
        shown = screen_text(desk.app)
        assert "step 13" in shown and "step 12" not in shown and "\x1b" not in shown
        end.set()
        await desk.until(lambda: "2 lines" in screen_text(desk.app))
        assert "step 20" not in screen_text(desk.app)


class AskingToolbox(ScriptedToolbox):
    """Its tools ask by a form, and answer with what they got."""

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        assert isinstance(report, CanAsk)
        fields = (
            FormField("name", "Your name", "string", is_required=True),
            FormField("colour", "Colour", "string", choices=(("r", "Red"), ("g", "Green")), is_required=True),
        )
        answer = await report.ask(Form("box", "Who are \x1b[2Jyou?", fields))
        return ToolOutcome(f"{answer.action} {dict(answer.values or {})}")


async def form_waits(desk: Desk) -> None:
    await desk.type("go")
    await desk.press("enter")
    await desk.until(lambda: "The MCP server box asks you:" in screen_text(desk.app))


def result_of(desk: Desk) -> str:
    return "".join(part.text for part in desk.conversation.path[-1].parts if isinstance(part, ToolResultPart))


async def test_a_form_opens_by_its_key_only_and_is_sent_after_a_look() -> None:
    async with tool_desk(calls(("c1", "look", "{}")), answer(), toolbox=AskingToolbox()) as desk:
        await form_waits(desk)
        await desk.type("typed for the prompt")
        await desk.until(lambda: desk.chat.prompt.draft == "typed for the prompt")
        await desk.press("alt+a")
        await desk.until(lambda: "Your name (1 of 2)" in screen_text(desk.app))
        await desk.type("Ann")
        await desk.press("enter")
        await desk.until(lambda: "Colour (2 of 2)" in screen_text(desk.app))
        await desk.press("down", "enter")
        await desk.until(lambda: "Send this to box" in screen_text(desk.app))
        shown = screen_text(desk.app)
        assert "name: Ann" in shown and "colour: g" in shown and "\x1b" not in shown
        await desk.press("enter")
        await desk.idle()
        assert result_of(desk) == "accept {'name': 'Ann', 'colour': 'g'}"
        assert desk.chat.prompt.draft == "typed for the prompt" and not desk.chat.approval_bar.display


async def test_a_form_is_left_to_wait_or_declined() -> None:
    async with tool_desk(calls(("c1", "look", "{}")), answer(), toolbox=AskingToolbox()) as desk:
        await form_waits(desk)
        await desk.press("alt+a")
        await desk.until(lambda: "Your name" in screen_text(desk.app))
        await desk.press("escape")
        await desk.until(lambda: "Keep filling it in" in screen_text(desk.app))
        assert "Send this" not in screen_text(desk.app)
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat)
        assert desk.chat.approval_bar.form is not None
        await desk.press("alt+a")
        await desk.until(lambda: "Your name" in screen_text(desk.app))
        await desk.press("escape")
        await desk.until(lambda: "Keep filling it in" in screen_text(desk.app))
        await desk.press("down", "enter")
        await desk.idle()
        assert result_of(desk) == "decline {}"


async def test_an_image_of_a_tool_is_shown_with_its_kind_and_size() -> None:
    async def run(call: ToolCallPart) -> ToolOutcome:
        return ToolOutcome("see", files=(AttachmentPart("shot.png", "image/png", image()),))

    async with tool_desk(calls(("c1", "look", "{}")), answer(), toolbox=ScriptedToolbox(run=run)) as desk:
        await desk.ask("go")
        await desk.until(lambda: "+ shot.png  PNG 40×30" in screen_text(desk.app))


async def test_a_diff_in_a_result_has_its_colours() -> None:
    diff = "fix: x\n- no list\ndiff --git a/x b/x\n@@ -1,2 +1,2 @@\n-old line\n+new line\n same\n\nafter\n- no"

    async def run(call: ToolCallPart) -> ToolOutcome:
        return ToolOutcome(diff)

    async with tool_desk(calls(("c1", "look", "{}")), answer(), toolbox=ScriptedToolbox(run=run)) as desk:
        await desk.ask("go")
        await desk.press("ctrl+t")
        await desk.until(lambda: "new line" in screen_text(desk.app))
        colours = {
            segment.text.strip(): segment.style.color
            for line in shown_lines(desk)
            for segment in line.segments
            if segment.style is not None
        }
        plain = colours["- no list"]
        assert len({plain, colours["-old line"], colours["+new line"], colours["@@ -1,2 +1,2 @@"]}) == 4
        assert colours["same"] == colours["after"] == colours["- no"] == plain


async def test_a_server_starts_only_after_its_whole_command_was_agreed_to() -> None:
    what = "uvx " + "x" * 150 + " the-end"
    server = ToolServer("box", what, "fingerprint", "it has no version")
    async with desk_with(toolbox=ScriptedToolbox(), size=(80, 24)) as desk:
        desk.chat.context = replace(desk.chat.context, tool_servers=(server,))
        await desk.ask("/tools box")
        await desk.until(lambda: "Start the MCP server box?" in screen_text(desk.app))
        shown = screen_text(desk.app)
        assert shown.count("x") >= what.count("x") and "the-end" in shown and "it has no version" in shown
        await desk.press("enter")
        assert desk.conversation.options.tools == () and not await desk.service.permissions.has_consent(server)
        await desk.ask("/tools box")
        await desk.press("down", "enter")
        await desk.until(lambda: desk.conversation.options.tools == ("box",))
        assert await desk.service.permissions.has_consent(server)


async def test_a_call_that_waits_in_another_conversation_is_shown_and_a_key_goes_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toolbox = ScriptedToolbox()
    async with tool_desk(calls(ACTION), answer(), toolbox=toolbox) as desk:
        await asked(desk)
        waiting = desk.conversation.id
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.conversation.id != waiting)
        await desk.until(lambda: "A tool call waits in “go”" in screen_text(desk.app))
        assert not desk.chat.approval_bar.approvals and desk.service.reply_in(waiting) is not None
        await desk.press("ctrl+o")
        await desk.until(lambda: "? go" in screen_text(desk.app))
        await desk.press("escape", "alt+a")
        await desk.until(lambda: desk.conversation.id == waiting and desk.chat.approval_bar.approvals)
        await answer_with(desk, "y", monkeypatch)
        assert toolbox.ran == ["c2"] and not desk.chat.approval_bar.display


async def test_a_reply_that_ends_elsewhere_asks_no_more() -> None:
    async with tool_desk(calls(ACTION), answer()) as desk:
        await asked(desk)
        reply = desk.chat.live_reply
        assert reply is not None
        await desk.press("ctrl+n")
        await desk.until(lambda: "A tool call waits in" in screen_text(desk.app))
        reply.cancel()
        await desk.until(lambda: not desk.chat.approval_bar.display)


async def test_the_answer_key_reports_where_no_call_waits(desk: Desk) -> None:
    await desk.press("alt+a")
    await desk.until(lambda: "No tool call waits for an answer." in screen_text(desk.app))
