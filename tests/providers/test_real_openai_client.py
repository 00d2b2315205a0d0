"""The streams of the official client's own tests for the Responses API, recorded while those tests run."""

import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.providers.openai.test_responses_stream import turn_of
from tests.providers.real import environment_with, pip_download
from tests.support.wire_server import pieces
from tui_chat.core.error import ProviderError
from tui_chat.core.part import ToolCallPart
from tui_chat.core.turn import Turn

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

CLIENT = "openai==3.57.0"
NEEDED = ["pytest", "pytest-asyncio", "inline-snapshot", "rich", "pytest-xdist", "trio", "botocore"]
TESTS = ["responses", "test_responses_tool_runner.py", "test_vertex_provider.py"]
FEWEST_STREAMS = 200
TEXTS = ("response.output_text.delta", "response.refusal.delta")
ENDS = ("response.completed", "response.incomplete", "response.failed", "error")
RECORDER = """
import hashlib, os
from pathlib import Path
import openai._streaming as streaming

decoder, folder = streaming.SSEDecoder, Path(os.environ["RECORDED"])
read, read_async = decoder.iter_bytes, decoder.aiter_bytes

def keep(chunks):
    whole = b"".join(chunks)
    (folder / f"{hashlib.sha256(whole).hexdigest()[:16]}.sse").write_bytes(whole)

def iter_bytes(self, iterator):
    chunks = []
    try:
        yield from read(self, (chunks.append(chunk) or chunk for chunk in iterator))
    finally:
        keep(chunks)

async def aiter_bytes(self, iterator):
    chunks = []
    try:
        async for event in read_async(self, (chunks.append(chunk) or chunk async for chunk in iterator)):
            yield event
    finally:
        keep(chunks)

decoder.iter_bytes, decoder.aiter_bytes = iter_bytes, aiter_bytes
"""


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every different stream that the client reads in its tests."""
    installed = environment_with("openai-client", [CLIENT, *NEEDED])
    folder = tmp_path_factory.mktemp("openai-client")
    with tarfile.open(pip_download(installed, CLIENT)) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("openai-*")
    (folder / "recorder.py").write_text(RECORDER)
    recorded = folder / "recorded"
    recorded.mkdir()
    command = [str(installed / "bin" / "python"), "-m", "pytest", "-q", "-o", "addopts=", "-W", "ignore"]
    command += ["-p", "recorder", "--continue-on-collection-errors", *(f"tests/lib/{name}" for name in TESTS)]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "RECORDED": str(recorded)}
    subprocess.run(command, cwd=source, env=environ, capture_output=True, timeout=400, check=False)
    return sorted(recorded.glob("*.sse"))


def events_in(stream: Path) -> list[dict[str, Any]]:
    lines = (line[5:] for line in stream.read_text().splitlines() if line.startswith("data: {"))
    return [event for event in map(json.loads, lines) if isinstance(event.get("type"), str)]


def texts_of(items: Any) -> str:
    messages = [item for item in items or [] if isinstance(item, dict) and item.get("type") == "message"]
    content = [piece for item in messages for piece in item.get("content") or [] if isinstance(piece, dict)]
    return "".join(piece.get("text") or piece.get("refusal") or "" for piece in content)


def possible_texts(events: list[dict[str, Any]]) -> set[str]:
    """What the deltas, the finished items and the whole response give; some tests let them contradict each other."""
    deltas = "".join(event["delta"] or "" for event in events if event["type"] in TEXTS)
    finished = [event.get("item") for event in events if event["type"] == "response.output_item.done"]
    whole = [(event.get("response") or {}).get("output") for event in events if event["type"] == "response.completed"]
    return {deltas, texts_of(finished), *map(texts_of, whole)}


def figures(turn: Turn) -> tuple[Any, ...]:
    return turn.parts, turn.usage, turn.stop_reason


def test_the_streams_of_the_client_s_tests_are_read_exactly_however_they_are_cut(streams: list[Path]) -> None:
    assert len(streams) >= FEWEST_STREAMS
    read = 0
    for stream in streams:
        events = events_in(stream)
        end = next((event["type"] for event in events if event["type"] in ENDS), "")
        has_mark = bool(events) and b"data: [DONE]" in stream.read_bytes()
        if end.endswith(("failed", "error")) or not (end or has_mark):
            with pytest.raises(ProviderError):
                turn_of([stream.read_bytes()])
            continue
        turn = turn_of([stream.read_bytes()])
        assert turn.text in possible_texts(events), stream
        calls = [part.call_id for part in turn.parts if isinstance(part, ToolCallPart)]
        assert len(calls) == len(set(calls)), stream
        assert figures(turn_of(pieces(stream.read_bytes(), "byte", "crlf"))) == figures(turn), stream
        read += 1
    assert read >= FEWEST_STREAMS
