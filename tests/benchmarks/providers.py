"""100,000 events through each provider, next to the bare loop over the same bytes: httpx2's events and `json.loads`.

    python -m tests.benchmarks.providers [--events N] [--runs N]

prints a line for each wire: milliseconds of both, medians with their extremes, and the ratio, which may be 2 at most.
No socket is in it: the bytes come from memory in pieces as large as a socket gives.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from statistics import median

import httpx2

from tests.providers.anthropic import encoder as anthropic_encoder
from tests.providers.contract import Script, request
from tests.providers.openai import encoder as openai_encoder
from tui_chat.core.event import PartEnd, Stopped, TextDelta, UsageReported
from tui_chat.core.provider import Provider
from tui_chat.core.usage import Usage
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.provider import OpenAICompatibleProvider

MOST_RATIO = 2.0
_PIECE_BYTES = 16_384
_WORDS = ("The ", "scheduler", " keeps", " its", " own", " queue", ",", " über", " 日本", "\n\n- ")


@dataclass(frozen=True)
class Measured:
    """The seconds of each run."""

    bare_s: list[float]
    provider_s: list[float]

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return median(self.provider_s) / median(self.bare_s)


class _Memory(httpx2.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), _PIECE_BYTES):
            yield self._body[at : at + _PIECE_BYTES]


def _transport(body: bytes) -> httpx2.MockTransport:
    headers = {"content-type": "text/event-stream"}
    return httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, stream=_Memory(body)))


def script(events: int) -> Script:
    """A reply of so many pieces."""
    pieces = tuple(TextDelta(_WORDS[number % len(_WORDS)]) for number in range(events))
    return (*pieces, PartEnd(), UsageReported(Usage(12, output_tokens=events)), Stopped("stop"))


def _openai(transport: httpx2.AsyncBaseTransport) -> Provider:
    return OpenAICompatibleProvider(ProviderConfig("p", "openai", "http://127.0.0.1:1"), transport=transport)


WIRES: dict[str, tuple[Callable[[Script], bytes], Callable[[httpx2.AsyncBaseTransport], Provider], str]] = {
    "openai": (openai_encoder.encode, _openai, "some-model"),
    "anthropic": (anthropic_encoder.encode, anthropic_encoder.over_transport, anthropic_encoder.MODEL),
}


async def _bare(body: bytes) -> int:
    """The simplest reader: every event read as JSON, of which only the length is used."""
    characters = 0
    async with (
        httpx2.AsyncClient(transport=_transport(body)) as client,
        client.sse("http://127.0.0.1:1", method="POST", json={}, max_event_size=None) as source,
    ):
        async for event in source:
            if event.data != "[DONE]":
                chunk = json.loads(event.data)
                for choice in chunk.get("choices", ()):
                    characters += len(choice["delta"].get("content") or "")
                characters += len(chunk.get("delta", {}).get("text", ""))
    return characters


async def _through(provider: Provider, model: str) -> int:
    characters = 0
    async for event in provider.stream(request(model=model)):
        if isinstance(event, TextDelta):
            characters += len(event.text)
    await provider.aclose()
    return characters


async def measure(wire: str, events: int, runs: int) -> Measured:
    """Both in turn, so that the machine treats them alike."""
    encode, make, model = WIRES[wire]
    body = encode(script(events))
    wanted = sum(len(event.text) for event in script(events) if isinstance(event, TextDelta))
    measured = Measured([], [])
    for _ in range(runs):
        gc.collect()
        began = time.perf_counter()
        assert await _bare(body) == wanted
        between = time.perf_counter()
        provider = make(_transport(body))
        made = time.perf_counter()
        assert await _through(provider, model) == wanted
        measured.provider_s.append(time.perf_counter() - made)
        measured.bare_s.append(between - began)
    return measured


def _line(wire: str, measured: Measured) -> str:
    def figures(seconds: list[float]) -> str:
        low, middle, high = (1000 * value for value in (min(seconds), median(seconds), max(seconds)))
        return f"{middle:7.0f} ms ({low:.0f}–{high:.0f})"

    verdict = "" if measured.ratio <= MOST_RATIO else f"  TOO SLOW: at most {MOST_RATIO}"
    bare, provider = figures(measured.bare_s), figures(measured.provider_s)
    return f"{wire:<10} bare loop {bare:<24} provider {provider:<24} ratio {measured.ratio:.2f}{verdict}"


def main() -> int:
    """The command line; ends with 1 when a provider is too slow."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.providers", description="Measure the providers."
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    wanted = parser.parse_args()
    too_slow = 0
    for wire in WIRES:
        measured = asyncio.run(measure(wire, wanted.events, wanted.runs))
        print(_line(wire, measured), flush=True)
        too_slow += measured.ratio > MOST_RATIO
    return 1 if too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
