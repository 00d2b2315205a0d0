"""A server that echoes secrets everywhere, met by the whole program: no output, no file, no database holds one."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND
from tests.support.echoing_server import EchoServer, leaks, secrets_in
from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

KEY, TOKEN, TEAM, PASSWORD = "Qm7xTz4vLw9rBn2kYp5sHd8fGj3cVa", "T0kenCanary" * 9, "4711", "pW8canar"
QUERY, COMMANDED = "qUeryCanary8842", "BADKEYCANARY66"
SECRETS = (KEY, TOKEN, TEAM, PASSWORD, QUERY, COMMANDED)
ASKED = ("json", "page", "cut", "request-id", "redirect", "stream-error", "finish", "page-200")
ASKED_OF_CLAUDE = ("json", "request-id", "stream-error", "finish", "tool-error")
"""Every mode is tried in `tests/providers/test_masked_model.py`; these are for what a program writes of them."""
HEADERS = f'headers = {{ "X-Gateway-Token" = "{TOKEN}", "X-Team" = "${{TEAM}}" }}\n'


def settings(home: Path, url: str) -> Path:
    """A file of settings with secrets in every place that takes one."""
    with_login = url.replace("//", f"//user:{PASSWORD}@")
    fails = f'import sys; sys.exit("wrong: {COMMANDED}")'
    file = home / "written-by-the-user.toml"
    file.write_text(
        "[chat]\nretries = 0\n"
        f'[providers.work]\nkind = "openai"\nbase_url = "{url}/v1?api_key={QUERY}"\napi_key_env = "KEY"\n{HEADERS}'
        f'[providers.claude]\nkind = "anthropic"\nbase_url = "{url}"\napi_key_env = "KEY"\n{HEADERS}'
        f'[providers.login]\nkind = "openai"\nbase_url = "{with_login}/v1"\nauth = "none"\n'
        f"[providers.command]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\napi_key_cmd = ['{sys.executable}', '-c', "
        f"'{fails}']\n"
    )
    return file


def left_behind(home: Path, file: Path) -> dict[str, list[str]]:
    """What every file that the program wrote holds of the secrets."""
    found = {str(path): leaks(path.read_bytes(), SECRETS) for path in home.rglob("*") if path.is_file()}
    assert found.pop(str(file)) and any(path.endswith("conversations.db") for path in found)
    return {path: pieces for path, pieces in found.items() if pieces}


@pytest.mark.timeout(400)
async def test_secrets_that_a_server_echoes_are_in_no_output_file_or_database(tmp_path: Path) -> None:
    async with EchoServer() as server:
        file = settings(tmp_path, server.url)
        environment = clean_environment(tmp_path, KEY=KEY, TEAM=TEAM)
        at_once = asyncio.Semaphore(2)

        async def run(*words: str) -> tuple[tuple[str, ...], bytes]:
            async with at_once:
                process = await asyncio.create_subprocess_exec(
                    *(*COMMAND, "--config", str(file), *words),
                    cwd=ROOT,
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
                output, _ = await process.communicate()
            return words, output

        asks = [("--debug", "ask", "-m", "work/m", mode) for mode in ASKED]
        asks += [("--debug", "ask", "-m", "claude/m", mode) for mode in ASKED_OF_CLAUDE]
        asks += [("--debug", "ask", "-m", "login/m", mode) for mode in ("json", "base64")]
        asks += [("ask", "--jsonl", "-m", model, "json") for model in ("work/m", "claude/m", "command/m")]
        done = await asyncio.gather(*(run(*words) for words in asks))
        for words in (
            *(("models", "--refresh"), ("models", "--json"), ("doctor",), ("config", "show"), ("list", "--json")),
            *(("export", "--all", "-f", form) for form in ("json", "md", "txt")),
        ):
            done.append(await run(*words))
        sent = " ".join(" ".join(secrets_in(seen)) for seen in server.requests)
    assert all(secret in sent for secret in (KEY, TOKEN, TEAM, PASSWORD)), "the server did get them"
    leaking = {" ".join(words): found for words, output in done if (found := leaks(output, SECRETS))}
    assert not leaking
    assert not left_behind(tmp_path, file)
    output_of = dict(done)
    assert b"bad key" in output_of["--debug", "ask", "-m", "work/m", "json"], "the rest of a message is shown"
    assert "ended with status 1: wrong: …" in output_of["ask", "--jsonl", "-m", "command/m", "json"].decode()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("model", ["work/m", "claude/m"])
async def test_secrets_that_a_server_echoes_are_not_on_the_screen_of_the_app(model: str, tmp_path: Path) -> None:
    async with EchoServer() as server:
        file = settings(tmp_path, server.url)
        command = (*COMMAND, "--config", str(file), "-m", model)

        def drive() -> bytes:
            with Terminal(command, environment=clean_environment(tmp_path, KEY=KEY, TEAM=TEAM)) as terminal:
                terminal.until("Ask anything")
                for mode in ("json", "cut", "request-id"):
                    terminal.type(f"{mode}\r")
                    terminal.until(lambda text: "rejected the API key" in text)
                    terminal.type("\x0e")
                    terminal.until(lambda text: "rejected the API key" not in text)
                terminal.type("\x11")
                assert terminal.wait() == 0
                return terminal.output

        output = await asyncio.to_thread(drive)
    assert not leaks(output, SECRETS)
    assert not left_behind(tmp_path, file)
