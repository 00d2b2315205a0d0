"""Every way a provider can refuse, on both wires, through `ask`: its kind, its words, what to do, the exit code."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import COMMAND
from tests.support.environment import ROOT, clean_environment
from tests.support.wire_server import Answer, Wire

pytestmark = pytest.mark.slow

PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
CASES: list[tuple[str, Answer, str, int]] = [
    (
        "400",
        Answer.json({"error": {"type": "invalid_request_error", "message": "bad"}}, status=400),
        "request_refused",
        4,
    ),
    ("401", Answer.json({"error": {"type": "authentication_error", "message": "no"}}, status=401), "key_rejected", 3),
    ("403", Answer.json({"error": {"type": "permission_error", "message": "no"}}, status=403), "key_rejected", 3),
    (
        "404",
        Answer.json({"error": {"type": "not_found_error", "message": "model: x"}}, status=404),
        "request_refused",
        4,
    ),
    (
        "413",
        Answer.json({"error": {"type": "request_too_large", "message": "big"}}, status=413),
        "request_refused",
        4,
    ),
    (
        "422",
        Answer.json({"error": {"type": "invalid_request_error", "message": "no"}}, status=422),
        "request_refused",
        4,
    ),
    (
        "429 for seven minutes",
        Answer.json({"error": {"type": "rate_limit_error"}}, status=429, headers={"retry-after": "420"}),
        "rate_limited",
        4,
    ),
    ("500", Answer.json({"error": {"type": "api_error", "message": "oops"}}, status=500), "overloaded", 4),
    ("502 with a page", Answer.html(PAGE, status=502), "overloaded", 4),
    ("503", Answer.json({"error": {"message": "later"}}, status=503), "overloaded", 4),
    ("529", Answer.json({"error": {"type": "overloaded_error"}}, status=529), "overloaded", 4),
    ("a redirect", Answer((b"",), 302, {"location": "http://127.0.0.1:9/elsewhere"}), "protocol_broken", 4),
    ("a page with 200", Answer.html("<html>hello</html>"), "protocol_broken", 4),
]


async def asked(home: Path, file: Path, model: str) -> tuple[int, dict[str, Any], str]:
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "--config", str(file), "ask", "-m", model, "--jsonl", "hello"),
        cwd=ROOT,
        env=clean_environment(home, ANTHROPIC_API_KEY="a-key-for-a-test", TEST_KEY="a-key-for-a-test"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, json.loads(out.splitlines()[-1]), err.decode()


@pytest.mark.parametrize(("name", "answer", "kind", "code"), CASES, ids=[case[0] for case in CASES])
async def test_a_refusal_has_its_kind_its_words_and_its_exit_code(
    name: str, answer: Answer, kind: str, code: int, tmp_path: Path
) -> None:
    async with Wire(answer) as wire:
        file = tmp_path / "settings.toml"
        file.write_text(
            f'[chat]\nretries = 0\n[providers.anthropic]\nbase_url = "{wire.url}"\napi_key_env = "TEST_KEY"\n'
            f'[providers.work]\nkind = "openai"\nbase_url = "{wire.url}/v1"\napi_key_env = "TEST_KEY"\n'
        )
        for model in ("anthropic/claude-sonnet-5-5", "work/some-model"):
            exit_code, ended, printed = await asked(tmp_path, file, model)
            assert ended["type"] == "ended" and ended["status"] == "failed"
            assert (ended["error"]["kind"], exit_code) == (kind, code), (model, ended["error"])
            assert ended["error"]["next_step"] and printed.startswith("tui-chat: ")
            assert "Traceback" not in printed and "<html" not in printed and "a-key-for-a-test" not in printed
