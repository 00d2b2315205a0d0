"""The prices a user has set, and the addresses of the providers, as the whole program has them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.storage.make import DEAD, conversation, live, priced, prompt, reply
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.settings.load import load_settings
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.wiring import assemble

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE = """
[providers.work]
kind = "anthropic"
[providers.gateway]
kind = "anthropic"
base_url = "https://llm.example.com"
[providers.other]
base_url = "https://api.groq.com/openai/v1"
[prices."anthropic/claude-opus-5-5"]
input = 1
output = 2
cache_read = 0.5
[prices."ollama/*"]
free = true
[prices."gateway/large"]
input = 7
output = 7
"""


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("anthropic/claude-opus-5-5", "3.5"),
        ("anthropic/claude-sonnet-5-5", "12.1"),
        ("work/claude-sonnet-5-5", "12.1"),
        ("other/llama-3.3-70b-versatile", "1.97"),
        ("gateway/claude-sonnet-5-5", None),
        ("gateway/large", "21"),
        ("ollama/anything", "0"),
        ("llamacpp/anything", None),
        ("demo/tour", "0"),
    ],
)
async def test_a_model_costs_what_the_settings_come_to(tmp_path: Path, model: str, usd: str | None) -> None:
    file = tmp_path / "config.toml"
    file.write_text(FILE)
    program = await assemble(load_settings(file=file, environ={}), saving=False)
    cost = await program.pricing.cost_of(model, Usage(1_000_000, 1_000_000, output_tokens=1_000_000), NOW)
    await program.aclose()
    assert (None if cost is None else f"{cost.total_usd.normalize():f}") == usd


async def test_a_reply_that_died_is_counted_at_the_next_start(tmp_path: Path) -> None:
    settings = load_settings(file=tmp_path / "config.toml", environ={"TUI_CHAT_DATA_DIR": str(tmp_path / "data")})
    store = await Store.open(settings.data_dir / DATABASE, owner=DEAD)
    turns = (prompt("p1"), priced(reply("r1", "p1"), "1"), prompt("p2", "r1"), live("r2", "p2"))
    await store.create(conversation("c1", *turns))
    await store.checkpoint("r2", [TextDelta("Half of an answer")])
    await store.aclose()
    program = await assemble(settings)
    await program.warm_up()
    turn = (await program.store.conversation("c1")).turn("r2")
    await program.aclose()
    assert turn.status is TurnStatus.INTERRUPTED and turn.text == "Half of an answer"
    assert turn.usage is not None and turn.usage.estimated and turn.cost is not None and turn.cost.estimated
