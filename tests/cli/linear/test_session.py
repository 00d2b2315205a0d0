"""Linear mode without a terminal: typed lines go in, and what is printed and stored comes out."""

from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest

from tui_chat.cli.context import Context
from tui_chat.cli.linear.chat import LinearChat
from tui_chat.cli.linear.commands import LinearCommands
from tui_chat.cli.linear.line_reader import Interrupted, LineKind, LineReader
from tui_chat.cli.linear.session import LinearSession
from tui_chat.core.turn import TurnStatus
from tui_chat.settings.load import load_settings
from tui_chat.ui.commands.slash_commands import COMMANDS_BY_NAME
from tui_chat.wiring import Program, assemble

Line = str | Exception | Callable[[], str]


class TypedLines(LineReader):
    """Answers with these lines, then with the end of input."""

    def __init__(self, lines: Iterable[Line]) -> None:
        super().__init__()
        self.is_terminal = True
        self.lines = list(lines)
        self.prefills: list[str] = []

    def unread(self, line: str) -> None:
        self.lines.insert(0, line)

    async def read(self, prompt: str, kind: LineKind = LineKind.LINE, *, prefill: str = "") -> str:
        self.prefills.append(prefill)
        line = self.lines.pop(0) if self.lines else EOFError()
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, str) else line()


@pytest.fixture
async def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Program]:
    monkeypatch.setenv("TUI_CHAT_DEMO_PACE", "0")
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"data_dir": tmp_path / "data"}, environ={}, file=tmp_path / "config.toml")
    program = await assemble(settings, demo=True)
    yield program
    await program.aclose()


async def typed(program: Program, *lines: Line) -> tuple[LinearChat, int]:
    reader = TypedLines(lines)
    context = Context(program.settings, demo=True)
    chat = LinearChat(context, program, reader, program.new_conversation(), program.new_conversation)
    return chat, await LinearSession(chat).run()


async def test_a_prompt_is_answered_and_stored(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    chat, code = await typed(program, "hello", "code")
    out = capsys.readouterr().out
    assert code == 0 and "demo/tour:\n# Welcome to tui-chat\n" in out and "class Bucket:" in out
    assert "(demo/tour · in 21 · out " in out and "\x1b" not in out
    stored = await program.store.conversation(chat.conversation.id)
    assert [turn.text for turn in stored.path][::2] == ["hello", "code"]


async def test_every_command_is_one_of_the_app_and_is_in_the_help(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    chat, _ = await typed(program, "/help", "/compare", "/hlep")
    out = capsys.readouterr().out
    for name in LinearCommands(chat).names:
        assert f"\n/{COMMANDS_BY_NAME[name].name} " in out
    assert "/compare needs the app." in out and "Did you mean /help?" in out


async def test_conversations_are_titled_listed_opened_forked_and_deleted(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = ["one", "/title Engines", "/fork", "/new", "two", "/library engines", "2", "/delete", "/quit"]
    chat, _ = await typed(program, *commands, "never sent")
    out = capsys.readouterr().out
    assert "Title: Engines.\n" in out and "Forked into a new conversation" in out
    assert "1. Engines, " in out and "2. Engines, " in out and "Conversation: Engines, 2 messages.\nYou: one\n" in out
    assert "Moved to the trash for 30 days" in out
    assert sorted(row.title for row in await program.store.summaries()) == ["Engines", "two"]
    assert chat.exit_code == 0


async def test_the_tree_goes_to_another_branch(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    chat, _ = await typed(program, "/tree", "code", "/retry", "/tree", "2", "/tree", "9")
    out = capsys.readouterr().out
    assert "There are no messages yet." in out and "There is no number 9 in this list." in out
    assert "\n1. You: code\n2. demo/tour: " in out and ", 1 of 2\n3. demo/tour: " in out
    stored = await program.store.conversation(chat.conversation.id)
    first, _ = stored.children_of(stored.path[0].id)
    assert stored.head == first.id == chat.conversation.head


async def test_a_command_instead_of_a_number_runs(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    await typed(program, "code", "/tree", "/find BUCKET", "/library", "/title")
    out = capsys.readouterr().out
    assert "1 message has these words." in out and "There is no number" not in out and out.rstrip().endswith("code")


async def test_words_are_found_in_the_conversation(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    await typed(program, "code", "/find BUCKET", "/find zzz", "/find")
    out = capsys.readouterr().out
    assert "1 message has these words.\n2. demo/tour: " in out and "No message here has these words." in out
    assert "Name the words: /find WORDS." in out


async def test_undo_restores_a_deleted_conversation(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    chat, _ = await typed(program, "/undo", "one", "/title Engines", "/delete", "/undo")
    out = capsys.readouterr().out
    assert "There is nothing to undo" in out and out.rstrip().count("Conversation: Engines, 2 messages.") == 1
    assert [row.title for row in await program.store.summaries()] == ["Engines"]
    assert chat.conversation.title == "Engines"


async def test_in_an_empty_conversation_there_is_nothing_to_export_or_count(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    await typed(program, "/export", "/tokens")
    out = capsys.readouterr().out
    assert "There is nothing to export yet." in out and "There is nothing to count yet." in out


async def test_usage_is_printed_by_day(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    await typed(program, "/usage", "one", "/usage")
    out = capsys.readouterr().out
    assert "No usage recorded." in out and "This conversation: " in out and "\ntotal " in out


async def test_a_conversation_that_cost_nothing_has_no_sign_for_its_cost(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    await typed(program, "error 401", "/usage")
    assert "This conversation: 0 tokens, no cost.\n" in capsys.readouterr().out


async def test_a_reply_is_regenerated_edited_and_continued(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    chat, _ = await typed(program, "cut", "/continue", "/retry", "/edit", "table", "/continue")
    out = capsys.readouterr().out
    assert "Continue (/continue) or regenerate (/retry)." in out
    assert "This reply is complete; /retry regenerates it." in out
    stored = await program.store.conversation(chat.conversation.id)
    assert [turn.text for turn in stored.children_of(None)] == ["cut", "table"]
    assert len(stored.children_of(stored.children_of(None)[0].id)) == 3
    assert isinstance(chat.reader, TypedLines) and "cut" in chat.reader.prefills


async def test_settings_of_the_conversation_are_kept(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["/system Be brief.", "hi", "/options effort=high", "/options x=1", "/model nothing-like-it", "/system -"]
    chat, _ = await typed(program, *lines)
    out = capsys.readouterr().out
    stored = await program.store.conversation(chat.conversation.id)
    assert stored.options.effort == "high" and stored.system == ""
    assert "Unknown option 'x'" in out and "no model fits 'nothing-like-it'" in out


async def test_a_tool_call_is_shown_whole_and_runs_only_after_a_yes(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    await typed(program, "/tools read run", "tools", "maybe", "", "tools", "y")
    out = capsys.readouterr().out
    assert "The model calls run_command:\n  echo Hello from your shell; date\n" in out
    assert "Type y, c, a, n or x." in out
    assert out.index("Tool result: denied") < out.index("Running run_command.") < out.rindex("Tool result: done")


async def test_the_interrupt_key_at_a_tool_call_runs_nothing_and_stops_the_reply(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    chat, _ = await typed(program, "/tools read run", "tools", Interrupted())
    assert "Running run_command" not in capsys.readouterr().out
    stored = await program.store.conversation(chat.conversation.id)
    assert stored.path[-1].status is TurnStatus.CANCELLED


async def test_files_are_attached_to_the_next_prompt_and_secrets_only_after_a_yes(
    program: Program, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("Port 7717 is taken.")
    (tmp_path / ".env").write_text("KEY=1")
    chat, _ = await typed(program, "/attach notes.txt", "/attach .env", "", "/attach gone.txt", "hello", "again")
    out = capsys.readouterr().out
    assert (
        "Attached notes.txt, 19 bytes" in out
        and "Not attached: .env" in out
        and f"There is no such file: no file {tmp_path}/gone.txt.\nCheck the path." in out
    )
    stored = await program.store.conversation(chat.conversation.id)
    names = [[getattr(part, "name", "") for part in turn.parts] for turn in stored.path[::2]]
    assert names == [["", "notes.txt"], [""]]


async def test_an_interrupted_line_comes_back_and_an_empty_one_quits_at_the_second_time(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    _, code = await typed(program, Interrupted("half a line"), Interrupted(), Interrupted(), "never sent")
    assert code == 0 and "Press Ctrl+C again to quit." in capsys.readouterr().out
    assert not await program.store.summaries()


async def test_an_error_is_a_sentence_with_the_command_that_helps(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    await typed(program, "error 401")
    assert "The provider rejected the API key: invalid bearer token.\n" in (out := capsys.readouterr().out)
    assert "choose another model (/model)" in out


async def test_a_prompt_that_cannot_be_sent_stands_in_the_next_line(
    program: Program, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUI_CHAT_DEMO_PACE", "1")
    running = await program.service.send(program.new_conversation(), "slow")
    reader = TypedLines(["words"])
    chat = LinearChat(
        Context(program.settings, demo=True),
        program,
        reader,
        await program.service.open(running.conversation_id),
        program.new_conversation,
    )
    await LinearSession(chat).run()
    assert reader.prefills == ["", "words"]
    assert "A reply is still streaming here." in capsys.readouterr().out
    assert "words" in await program.store.prompts()
