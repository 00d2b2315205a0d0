"""Completion attacked: titles and model references from files, prompts and servers that a shell would act on."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Shell
from tests.cli.shells import CompletingShell, completing_shell
from tests.cli.test_shell_completion import completed
from tests.support.attacks import attack
from tests.support.wire_server import Answer, Wire
from tui_chat.cli import shell_completion
from tui_chat.settings.load import load_settings
from tui_chat.storage.store import Store
from tui_chat.wiring import assemble

SHELLS = pytest.mark.parametrize("kind", ["zsh", "bash", "fish"])
TITLES = (
    r"\$(touch PWN)",
    r"$(touch PWN)",
    r"\\$(touch PWN)",
    r"\`touch PWN\`",
    r"`touch PWN`",
    r"'$(touch PWN)'",
    r'"$(touch PWN)"',
    r"""\'"'"$(touch PWN)'""",
    "\\`x",
    "list [bold] things [/usr/bin]",
    "[/x]",
    "]",
    ')) "; touch PWN; ((',
    "a:b::c:::d",
    "first\nsecond\ttouch PWN",
    "%F{red}%n %s !! !$ * ? ~ = ^ #",
    "größer 你好 שלום עולם ελ",
    "\u202etxt.exe\u2066\u200b",
    "\x1b]0;PWN\x07\x1b[31mred\x9b31m",
    "-rf --help",
    ":warning: :smile:",
    "\\",
    "x" * 3000,
)
REFS = (
    "$(touch PWN)",
    r"\$(touch PWN)",
    "`touch PWN`",
    "x;touch PWN",
    "x'y",
    'x"y',
    "[bold]x[/usr/bin]",
    "*",
    "x y",
    "x\ntouch PWN",
    "\x1b[31mred",
    "{a,b}",
    "~root",
    "!!",
    "good-one:8b",
    "@cf/meta/also.good_1+2",
)
GOOD_REFS = ("good-one:8b", "@cf/meta/also.good_1+2")
_ID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


def exported(title: str, number: int) -> dict[str, Any]:
    """A conversation of an export with that title."""
    message = {"id": "m", "author": {"role": "user"}, "content": {"content_type": "text", "parts": ["hello"]}}
    return {
        "id": f"c{number}",
        "title": title,
        "create_time": 1.7e9,
        "current_node": "b",
        "mapping": {"b": {"id": "b", "parent": None, "children": [], "message": message}},
    }


def imported(shell: Shell, *titles: str) -> None:
    """Import a conversation with each title."""
    file = shell.home / "conversations.json"
    file.write_text(json.dumps([exported(title, number) for number, title in enumerate(titles)]))
    done = shell("import", str(file))
    assert done.code == 0 and f"{len(titles)} new" in done.out, done


def in_shell(kind: str, shell: Shell) -> CompletingShell:
    return completing_shell(kind, shell.environment(), shell.home / "work")


def lists_all(shell: Shell, kind: str, count: int) -> str:
    """Let Tab list that many conversations; nothing but the list is seen, and nothing was run."""
    with in_shell(kind, shell) as opened:
        screen = opened.complete("tui-chat show ", lambda text: len(set(re.findall(_ID, text))) == count)
        assert opened.files == []
    assert "Traceback" not in screen and "Error" not in screen and "(eval)" not in screen
    return screen


@pytest.mark.real
def test_title_with_backslash_dollar_paren_does_not_run_in_zsh(shell: Shell) -> None:
    imported(shell, r"\$(touch PWN)", "plain title")
    lists_all(shell, "zsh", 2)


@pytest.mark.real
@SHELLS
def test_hostile_titles_of_an_import_are_all_listed_and_none_runs(kind: str, shell: Shell) -> None:
    imported(shell, *TITLES)
    screen = lists_all(shell, kind, len(TITLES))
    if kind != "bash":  # which shows no help texts
        assert "list bold things /usr/bin" in screen and "größer 你好" in screen
        assert not set(screen) & set("$`[]\\*%!\u202e\u200b\x1b")


@pytest.mark.real
@SHELLS
def test_a_first_prompt_with_brackets_and_substitution_is_completed(kind: str, shell: Shell) -> None:
    shell("ask", "-m", "demo/tour", r"what is in [/usr/bin] and \$(touch PWN)")
    imported(shell, "plain title")
    lists_all(shell, kind, 2)


@pytest.mark.real
@SHELLS
async def test_a_title_by_the_model_does_not_run_in_a_shell(kind: str, shell: Shell) -> None:
    await titled_by_model(shell, r"\$(touch PWN) [/x]")
    await asyncio.to_thread(imported, shell, "plain title")
    assert await asyncio.to_thread(lists_all, shell, kind, 2)


async def titled_by_model(shell: Shell, title: str) -> None:
    """Have a server answer a prompt and then name the conversation."""

    def reply(text: str) -> Answer:
        chunk = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
        return Answer((f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode(),))

    async with Wire(reply("fine"), reply(title)) as wire:
        program = await assemble(load_settings({"data_dir": data_dir(shell)}, file=config(shell, wire.url)))
        try:
            title_stored = asyncio.Event()
            program.service.auto_title.watch(lambda _: title_stored.set())
            async for _ in await program.service.send(program.service.new_conversation("evil/x"), "hello"):
                pass
            await asyncio.wait_for(title_stored.wait(), 10)
        finally:
            await program.aclose()
    (only,) = json.loads((await asyncio.to_thread(shell, "list", "--json")).out)
    assert "$(touch PWN)" in only["title"]


def data_dir(shell: Shell) -> Path:
    return shell.home / ".local/share/tui-chat"


def config(shell: Shell, url: str) -> Path:
    """Settings with that server as a provider, and titles by the model."""
    path = shell.home / ".config/tui-chat/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'chat.titles = "model"\n[providers.evil]\nkind = "openai"\nbase_url = "{url}/v1"\n')
    return path


@pytest.mark.real
@SHELLS
async def test_hostile_model_references_of_a_server_are_left_out_and_none_runs(kind: str, shell: Shell) -> None:
    answer = Answer.json({"object": "list", "data": [{"id": ref, "object": "model"} for ref in REFS]})
    async with Wire(routes={"/v1/models": answer}) as wire:
        config(shell, wire.url)
        done = await asyncio.to_thread(shell, "models", "--refresh")
    assert "touch PWN" in done.out, done
    with await asyncio.to_thread(in_shell, kind, shell) as opened:
        screen = await asyncio.to_thread(
            opened.complete, "tui-chat ask -m evil/", lambda text: all(ref in text for ref in GOOD_REFS)
        )
        assert opened.files == []
        assert not any(ref in screen for ref in REFS if ref not in (*GOOD_REFS, "*"))


@pytest.mark.real
@SHELLS
async def test_a_model_reference_with_a_colon_is_completed_as_it_is(kind: str, shell: Shell) -> None:
    await remember(shell, ["evil/good-one:8b"])
    with await asyncio.to_thread(in_shell, kind, shell) as opened:
        await asyncio.to_thread(opened.complete, "tui-chat ask -m evil/g", "evil/good-one")
        opened.terminal.type("\x01" + "printf '<%s>\\n' " + "\r")
        await asyncio.to_thread(opened.terminal.until, "<evil/good-one:8b>")


async def remember(shell: Shell, refs: object) -> None:
    store = await Store.open(data_dir(shell) / "conversations.db")
    await store.set_state("recent_models", refs)
    await store.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zsh", "bash", "fish", "powershell"])
async def test_no_title_and_no_reference_leaves_the_program_with_a_sign_that_shells_act_on(
    kind: str, shell: Shell
) -> None:
    await asyncio.to_thread(imported, shell, *TITLES)
    await remember(shell, [f"evil/{ref}" for ref in REFS])
    shown = await asyncio.to_thread(completed, shell, kind, "tui-chat show ")
    named = await asyncio.to_thread(completed, shell, kind, "tui-chat ask -m evil/")
    # What zsh is given holds typer's own quotes and backslashes around the values.
    for text in (shown, named):
        assert not re.search(r"[$`\[\]%!;<>&|{}~^#\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert all(ref.replace(":", r"\\:" if kind == "zsh" else ":") in named for ref in GOOD_REFS)
    assert len(set(re.findall(_ID, shown))) == len(TITLES)
    if kind in ("fish", "powershell"):
        assert len(shown.splitlines()) == len(TITLES), "a line that is no candidate"


@pytest.mark.parametrize("read_state", [{"a": 1}, [1, None, "x/y", ["z"]], "word", 7])
async def test_what_is_remembered_in_another_shape_completes_nothing_and_does_not_fail(
    read_state: object, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(shell.home))
    await remember(shell, read_state)
    store = await Store.open(data_dir(shell) / "conversations.db")
    await store.set_state("models", read_state)
    await store.aclose()
    assert await asyncio.to_thread(shell_completion.models, "demo") == ["demo/tour"]


async def test_letters_are_left_out_where_the_encoding_is_not_utf_8(shell: Shell) -> None:
    # In GBK the second byte of this letter is a backtick.
    await asyncio.to_thread(imported, shell, "a 乣 title")
    for encoding in ("gbk", "latin-1", "ascii"):
        completions = await asyncio.to_thread(completed, shell, "zsh", "tui-chat show ", PYTHONIOENCODING=encoding)
        assert "a title" in completions


HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("\\$`\"'()[]{};&|<>:*?!%~#=^-\n\r\t\x1b\u202e @./")))


@attack
@given(st.lists(HOSTILE, max_size=3), st.lists(HOSTILE, max_size=3))
def test_whatever_is_stored_completion_gives_only_the_safe_alphabet(titles: list[str], refs: list[str]) -> None:
    for title in titles:
        shown = shell_completion.shell_help(title)
        assert not shown.startswith("-") and shown == shown.strip()
        for sign in shown:
            assert sign.isalnum() or sign in " .,_/+@-’" or (not sign.isascii() and not sign.isspace()), repr(sign)
            assert sign.isprintable()
    for ref in refs:
        if shell_completion.shell_word(ref):
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*", ref, re.ASCII)
