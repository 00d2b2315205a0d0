"""Absurd figures from a server, from a file and in the database, through the program itself."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Done, Shell
from tests.storage.make import conversation, priced, prompt, reply
from tests.support.environment import ROOT
from tests.support.hostile_database import columns_of, fill_library, poison
from tests.support.wire_server import EVENT_STREAM, Answer, Wire
from tui_chat.formats.native import to_json
from tui_chat.storage.private_files import DATABASE

pytestmark = pytest.mark.slow

COSTS = ("Infinity", "1e308", "1" + "0" * 4000)


async def called(shell: Shell, *words: str) -> Done:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *words,
        cwd=ROOT,
        env=shell.environment(OPENAI_API_KEY="sk-none"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


def streamed(usage: str) -> Answer:
    text = '{"choices":[{"index":0,"delta":{"content":"Because."},"finish_reason":"stop"}]}'
    usage_chunk = f'{{"choices":[],"usage":{usage}}}'
    body = f"data: {text}\n\ndata: {usage_chunk}\n\ndata: [DONE]\n\n".encode()
    return Answer((body,), 200, {"content-type": EVENT_STREAM})


async def test_a_cost_of_infinity_from_a_server_leaves_usage_and_show_working(shell: Shell, tmp_path: Path) -> None:
    usages = [f'{{"prompt_tokens":10,"completion_tokens":4,"cost":{cost}}}' for cost in COSTS]
    usages.append(f'{{"prompt_tokens":10,"completion_tokens":4,"cost_in_usd_ticks":1{"0" * 4200}}}')
    settings = tmp_path / "settings.toml"
    for usage in usages:
        async with Wire(streamed(usage)) as wire:
            settings.write_text(f'[providers.h]\nkind = "openai"\nbase_url = "{wire.url}/v1"\n')
            done = await called(shell, "--config", str(settings), "ask", "-m", "h/m", "Why?")
            assert (done.code, done.out.strip()) == (0, "Because."), done.err
    usage_table = await called(shell, "usage")
    assert usage_table.code == 0 and "?" in usage_table.out, usage_table.err
    listed = json.loads((await called(shell, "list", "--json")).out)
    assert [one["cost_usd"] for one in listed] == [None] * len(usages)
    for one in listed[:1]:
        shown = await called(shell, "show", one["id"])
        assert shown.code == 0 and "cost unknown" in shown.out, shown.err


def test_an_imported_cost_of_1e40_is_unknown_and_the_conversation_is_kept(shell: Shell, tmp_path: Path) -> None:
    value = to_json(conversation("c1", prompt("p"), priced(reply("r", "p"), "0.5"), priced(reply("s", "p"), "0.25")))
    value["turns"][1]["cost"]["total_usd"] = "1E+40"
    value["turns"][1]["usage"]["output_tokens"] = 10**30
    file = tmp_path / "conversation.json"
    file.write_text(json.dumps(value))
    assert shell("import", str(file)).code == 0
    usage = shell("usage", "--json")
    total = json.loads(usage.out)["total"]
    assert (total["cost_usd"], total["unknown_cost_replies"], total["tokens_incomplete"]) == ("0.25", 1, True)
    shown = shell("show", "c1", "--branch", "all")
    assert shown.code == 0 and "? tokens, cost unknown" in shown.out
    kept = json.loads(shell("show", "c1", "--json").out)["turns"][1]
    assert kept["cost"] is None and kept["usage"]["output_tokens"] is None


@pytest.mark.parametrize(("number", "text"), [(2**63 - 1, "1E+40"), (-(2**63), "9999-12-31")])
def test_a_poisoned_database_is_read_and_mended_by_the_doctor(shell: Shell, number: int, text: str) -> None:
    path = shell.home / "data" / DATABASE
    asyncio.run(fill_library(path))
    with sqlite3.connect(path) as db:
        for column in columns_of(db):
            if not column.is_key:
                poison(db, column, number if column.is_integer else text, all_rows=True)
    folder = ("--data-dir", str(path.parent))
    for words in (("list",), ("usage",), ("usage", "--json"), ("show", "c1"), ("search", "harbour"), ("stats",)):
        done = shell(*words, *folder)
        assert (done.code, done.err) == (0, ""), words
        assert done.out
    found = shell("doctor", "--offline", *folder, LANG="C.UTF-8", PYTHONIOENCODING="utf-8")
    assert found.code == 1 and "figures or dates out of bounds" in found.out
    mended = shell("doctor", "--offline", "--repair", *folder, LANG="C.UTF-8", PYTHONIOENCODING="utf-8")
    assert mended.code == 0 and "repaired: " in mended.out and "no damage" in mended.out
    after = shell("doctor", "--offline", *folder, LANG="C.UTF-8", PYTHONIOENCODING="utf-8")
    assert after.code == 0 and "figures" not in after.out
