"""`tui-chat ask`: the reply on stdout and nothing else, everything saved, every end with its exit code."""

import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.support.environment import ROOT
from tests.support.pty_terminal import Terminal
from tui_chat.rendering.markdown import render
from tui_chat.rendering.styles import TextStyles


def text_of(turn: dict[str, Any]) -> str:
    return "".join(part["text"] for part in turn["parts"] if part["type"] == "text")


def test_stdout_is_the_reply_and_nothing_else(shell: Shell) -> None:
    done = shell("ask", "--demo", "code")
    assert (done.code, done.err) == (0, "")
    prompt, reply = shell.only_conversation()["turns"]
    assert text_of(prompt) == "code"
    assert done.out == text_of(reply) + ("" if text_of(reply).endswith("\n") else "\n")


@pytest.mark.slow
def test_piped_text_is_appended_to_the_prompt(shell: Shell) -> None:
    assert shell("ask", "--demo", "code", stdin="a diff\n").code == 0
    assert text_of(shell.only_conversation()["turns"][0]) == "code\n\na diff"


@pytest.mark.slow
def test_piped_text_alone_is_the_prompt(shell: Shell) -> None:
    assert shell("ask", "--demo", stdin="code\n").code == 0
    assert text_of(shell.only_conversation()["turns"][0]) == "code"


def test_nothing_to_ask_is_a_misuse(shell: Shell) -> None:
    done = shell("ask", "--demo")
    assert done.code == 2 and "the prompt is empty" in done.err


def test_no_save_keeps_nothing(shell: Shell) -> None:
    assert shell("ask", "--demo", "--no-save", "code").code == 0
    assert shell("list", "--json").out.strip() == "[]"


def test_a_conversation_is_continued(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    assert shell("ask", "--demo", "-c", "table").code == 0
    found = shell.only_conversation()
    assert [text_of(turn) for turn in found["turns"][::2]] == ["code", "table"]
    assert shell("ask", "--demo", "--conversation", found["id"][:6], "unicode").code == 0
    assert len(shell.only_conversation()["turns"]) == 6


def test_continuing_nothing_reports_it(shell: Shell) -> None:
    done = shell("ask", "--demo", "-c", "hello")
    assert done.code == 2 and "no conversation" in done.err


@pytest.mark.slow
def test_every_line_of_jsonl_is_an_object_of_a_known_shape(shell: Shell) -> None:
    lines = shell("ask", "--demo", "--jsonl", "thinking").lines
    assert [line["type"] for line in (lines[0], lines[-2], lines[-1])] == ["started", "usage", "ended"]
    assert lines[0].keys() == {"type", "conversation_id", "turn_id", "model"}
    assert lines[-2].keys() == {
        "type",
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "output_tokens",
        "thinking_tokens",
        "cost_usd",
    }
    assert lines[-1].keys() == {
        "type",
        "status",
        "stop_reason",
        "error",
        "ttft_ms",
        "duration_ms",
        "tokens_per_s",
    }
    assert (lines[-1]["status"], lines[-1]["stop_reason"], lines[-1]["error"]) == ("complete", "end_turn", None)
    assert "".join(line["text"] for line in lines if line["type"] == "thinking")
    text = "".join(line["text"] for line in lines if line["type"] == "text")
    assert text == text_of(shell.only_conversation()["turns"][1])


def test_a_failed_first_attempt_is_reported_as_a_retry(shell: Shell) -> None:
    done = shell("ask", "--demo", "--jsonl", "flaky")
    retries = [line for line in done.lines if line["type"] == "retry"]
    assert done.code == 0 and [line["attempt"] for line in retries] == [2, 3]
    assert retries[0].keys() == {"type", "attempt", "delay_s", "error"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "code", "kind"),
    [
        ("error", 4, "overloaded"),
        ("error 401", 3, "key_rejected"),
        ("error 429", 4, "rate_limited"),
        ("cut", 4, "stream_cut"),
    ],
)
def test_a_failure_has_its_exit_code_and_its_words(shell: Shell, prompt: str, code: int, kind: str) -> None:
    done = shell("ask", "--demo", "--jsonl", prompt)
    ended = done.lines[-1]
    assert (done.code, ended["status"], ended["error"]["kind"]) == (code, "failed", kind)
    assert ended["error"].keys() == {"kind", "message", "next_step", "request_id"}
    assert done.err.startswith("tui-chat: ") and "Traceback" not in done.err


def test_no_key_names_the_remedy(shell: Shell) -> None:
    done = shell("ask", "-m", "anthropic/claude-sonnet-5-5", "hello")
    assert done.code == 3 and "ANTHROPIC_API_KEY" in done.err + done.out and "Traceback" not in done.err


def test_an_unknown_provider_names_the_nearest(shell: Shell) -> None:
    done = shell("ask", "-m", "antropic/claude", "hello")
    assert done.code in (2, 3, 4) and "anthropic" in done.err and "Traceback" not in done.err


@pytest.mark.slow
def test_ctrl_c_keeps_the_partial_and_exits_with_130(shell: Shell) -> None:
    process = shell.start("ask", "--demo", "slow", TUI_CHAT_DEMO_PACE="1")
    assert process.stdout is not None
    first = process.stdout.read(4)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    reply = shell.only_conversation()["turns"][1]
    assert reply["status"] == "cancelled"
    assert (first + rest).decode().strip() == text_of(reply).strip()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_ended_keeps_the_partial_as_interrupted(shell: Shell, number: signal.Signals) -> None:
    process = shell.start("ask", "--demo", "slow", TUI_CHAT_DEMO_PACE="1")
    assert process.stdout is not None and process.stdout.read(4)
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert shell.only_conversation()["turns"][1]["status"] == "interrupted"


def test_a_closed_pipe_ends_quietly_and_keeps_what_was_printed(shell: Shell) -> None:
    line = " ".join([*COMMAND, "ask", "--demo", "'long 3000'"]) + " | head -1"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=shell.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert text_of(shell.only_conversation()["turns"][1]).startswith(done.stdout.rstrip("\n"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
def test_an_output_that_takes_nothing_is_reported_and_the_reply_is_kept(shell: Shell) -> None:
    words = (*COMMAND, "ask", "--demo", "code")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            words, cwd=ROOT, env=shell.environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2 and "standard output: No space left on device" in done.stderr
    assert shell.only_conversation()["turns"][1]["status"] == "complete"


def test_on_a_terminal_the_reply_is_laid_out(shell: Shell) -> None:
    with Terminal(
        [*COMMAND, "ask", "--demo", "table"], environment=shell.environment(TERM="xterm-256color"), size=(90, 60)
    ) as terminal:
        assert terminal.wait() == 0
        laid_out = "\n".join(row.rstrip() for row in terminal.text.rstrip().split("\n"))
    source = text_of(shell.only_conversation()["turns"][1])
    expected = [line.text.rstrip() for line in render(source, 90, TextStyles.ansi())]
    assert laid_out.split("\n") == expected


@pytest.mark.slow
def test_where_no_key_is_found_the_demo_answers_and_reports_that_on_stderr(shell: Shell) -> None:
    done = shell("ask", "hello")
    assert done.code == 0 and "demo model" in done.out and "no key was found" not in done.out
    assert "no key was found" in done.err and "ANTHROPIC_API_KEY" in done.err
    for words, more in ((("--demo",), {}), (("-m", "demo/tour"), {}), ((), {"TUI_CHAT_MODEL": "demo/tour"})):
        assert shell("ask", *words, "hello", **more).err == ""


@pytest.mark.slow
def test_a_mistyped_model_stores_nothing_and_a_short_name_takes_the_one_that_fits(shell: Shell) -> None:
    for name in ("tuor", "dmeo/tour"):
        done = shell("ask", "-m", name, "code")
        assert done.code == 4 and "did you mean" in done.err
    assert shell("list").out == ""
    done = shell("ask", "-m", "tour", "code")
    assert done.code == 0 and "model demo/tour" in done.err
    assert shell.only_conversation()["model"] == "demo/tour"


def test_continuing_a_conversation_whose_model_is_gone_takes_the_default_model(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    with sqlite3.connect(next(shell.home.rglob("conversations.db"))) as connection:
        connection.execute("UPDATE conversation SET model = 'sonnet'")
    done = shell("ask", "-c", "table")
    assert done.code == 0 and "model demo/tour" in done.err


def test_continuing_after_a_model_was_refused_takes_the_default_model_unless_it_is_named_again(shell: Shell) -> None:
    assert shell("ask", "-m", "demo/unknown", "code").code == 4
    assert shell("ask", "--demo", "-c", "-m", "demo/unknown", "table").code == 4
    for _ in range(2):
        done = shell("ask", "--demo", "-c", "table")
        assert done.code == 0 and "model demo/tour" in done.err


def test_an_empty_pipe_is_reported(shell: Shell) -> None:
    assert "stdin is empty" in shell("ask", "--demo", "code", stdin="").err
    assert "stdin" not in shell("ask", "--demo", "code").err


def test_without_flags_no_tools_are_sent(shell: Shell) -> None:
    done = shell("ask", "--demo", "tools")
    assert done.code == 0 and "No tools are on" in done.out


def test_a_call_that_would_ask_is_denied_and_the_code_shows_it(shell: Shell) -> None:
    done = shell("ask", "--demo", "--jsonl", "--tools", "read,run", "tools")
    assert done.code == 6
    assert "--allow 'run_command(echo Hello from your shell; date)'" in done.err
    kinds = [line["type"] for line in done.lines if line["type"] != "text"]
    assert kinds == [
        *("started", "tool_call", "tool_result", "tool_call", "approval", "tool_result", "usage", "ended"),
    ]
    assert [line["status"] for line in done.lines if line["type"] == "tool_result"] == ["done", "denied"]


@pytest.mark.slow
def test_a_rule_allows_a_call(shell: Shell) -> None:
    done = shell("ask", "--demo", "--tools", "run", "--allow", "run_command", "tools")
    assert (done.code, done.err) == (0, "") and "Hello from your shell" in done.out
    reply = shell.only_conversation()["turns"][1]
    assert [part["type"] for part in reply["parts"]] == ["text", "tool_call", "round", "tool_result", "text", "round"]


def test_a_limit_of_requests_ends_the_reply(shell: Shell) -> None:
    done = shell("ask", "--demo", "--jsonl", "--tools", "read", "--most-rounds", "1", "tools")
    assert done.code == 0 and done.lines[-1]["stop_reason"] == "tool_rounds"


def test_tools_and_rules_that_do_not_exist_are_a_misuse(shell: Shell) -> None:
    assert "did you mean read?" in shell("ask", "--demo", "--tools", "red", "hello").err
    assert "is no rule" in shell("ask", "--demo", "--tools", "read", "--allow", "(", "hello").err


@pytest.mark.slow
def test_extract_prints_only_a_code_block(shell: Shell) -> None:
    whole = shell("ask", "--demo", "code").out
    first, last = (shell("ask", "--demo", flag, "code").out for flag in ("-x", "--extract-last"))
    assert first.strip() and "```" not in first + last
    assert len(first) < len(whole) and first.strip().splitlines()[0] in whole
    assert shell("ask", "--demo", "-x", "slow", TUI_CHAT_DEMO_PACE="0").out.strip(), "without code: the whole text"
    assert shell("ask", "--demo", "-x", "--jsonl", "code").code == 2


@pytest.mark.slow
def test_options_and_a_title_are_stored_and_verbose_prints_one_line_of_figures(shell: Shell) -> None:
    done = shell("ask", "--demo", "-o", "effort=high", "-o", "max_tokens=20", "--title", "Mine", "-v", "long 500")
    assert done.code == 0
    (line,) = [line for line in done.err.splitlines() if "demo/tour" in line]
    assert " out 20 " in line and "$0.00" in line
    found = shell.only_conversation()
    assert found["title"] == "Mine" and found["options"]["effort"] == "high"
    shell("ask", "-c", "--title", "Renamed", "code")
    assert shell.only_conversation()["title"] == "Renamed"


@pytest.mark.parametrize("option", ["efort=high", "max_tokens=many"])
def test_a_wrong_option_is_misuse_and_sends_nothing(shell: Shell, option: str) -> None:
    done = shell("ask", "--demo", "-o", option, "code")
    assert done.code == 2 and option.partition("=")[0] in done.err
    assert shell("list").out == ""


@pytest.mark.parametrize("options", [["-m", "demo/tour"], ["-s", "Be brief."], ["-c"]])
def test_an_option_before_the_command_is_misuse_and_sends_nothing(shell: Shell, options: list[str]) -> None:
    done = shell(*options, "ask", "--demo", "code")
    assert done.code == 2 and "after the command: tui-chat ask" in done.err
    assert shell("list").out == ""
