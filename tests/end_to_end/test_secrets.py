"""A marked key, used for real and refused for real, is found nowhere afterwards: no file, no output, no log."""

import asyncio
from pathlib import Path

from tests.cli.conftest import COMMAND
from tests.providers.anthropic.encoder import sse
from tests.support.environment import ROOT, clean_environment
from tests.support.wire_server import Answer, Wire

MARK = "sk-ant-canary-4f1d-canary-9b7e"


async def output_of(*words: str, environment: dict[str, str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *words,
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output


async def test_a_marked_key_is_found_nowhere(tmp_path: Path) -> None:
    fine = sse(
        {"type": "message_start", "message": {"id": "m", "type": "message", "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "fine"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    )
    refusal = {"type": "error", "error": {"type": "authentication_error", "message": f"Incorrect API key: {MARK}"}}
    async with Wire(Answer((fine,)), Answer.json(refusal, status=401), Answer((b"junk",))) as wire:
        environment = clean_environment(
            tmp_path, ANTHROPIC_API_KEY=MARK, ANTHROPIC_BASE_URL=wire.url, ANTHROPIC_LOG="debug"
        )
        ask = ("--debug", "ask", "-m", "anthropic/claude-sonnet-5-5")
        outputs = [await output_of(*ask, text, environment=environment) for text in ("one", "two", "three")]
        assert outputs[0].strip() == b"fine" and b"key" in outputs[1]
        assert MARK.encode() in wire.requests[0].headers["authorization"].encode(), "it did reach the provider"
        outputs += [
            await output_of(*words, environment=environment)
            for words in (("doctor",), ("config", "show"), ("export", "--all", "-f", "json"), ("list", "--json"))
        ]
    assert not [output for output in outputs if b"canary" in output]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "conversations.db" for path in files)
    assert not [path for path in files if b"canary" in path.read_bytes()]
