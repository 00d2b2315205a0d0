"""The offline demo model: plays scripted replies as events, for new users, tests and screenshots. Knows no wire."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from itertools import chain
from math import inf

from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.error import RequestRefused
from tui_chat.core.event import (
    PartEnd,
    ProviderEvent,
    ReplyOpened,
    Stopped,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from tui_chat.core.part import AttachmentPart, OtherPart, RoundPart, ToolCallPart, ToolResultPart
from tui_chat.core.provider import Model, Request
from tui_chat.core.turn import Role, Turn
from tui_chat.core.usage import Usage
from tui_chat.providers.demo.scenes import (
    PLAIN_THOUGHT,
    Scene,
    dropped_error,
    first_word,
    flaky_error,
    pieces,
    scene_for,
)
from tui_chat.providers.demo.tool_scene import tool_steps

PACE_VARIABLE = "TUI_CHAT_DEMO_PACE"
MODEL = Model("demo/tour", "Guided tour", 200_000, 64_000, True)
Step = ProviderEvent | Exception | float | asyncio.Event
"""A step of a script: an event to yield, an error to raise, seconds to wait, or an event to wait for."""


class DemoProvider:
    name = "demo"

    def __init__(self, *, pace: float | None = None) -> None:
        """`pace` multiplies each wait: 1 is a human pace, 0 has no waits. TUI_CHAT_DEMO_PACE sets the default."""
        self._pace = float(os.environ.get(PACE_VARIABLE) or 1) if pace is None else pace
        self._scripts: tuple[Sequence[Step], ...] = ()
        self._failures: dict[str, int] = {}
        self.requests: list[Request] = []
        """The requests to a provider made by `playing`, in order."""
        self.closed_early = 0
        """How many streams were closed before their end."""

    @classmethod
    def playing(cls, *scripts: Sequence[Step], pace: float = 1.0) -> "DemoProvider":
        """Return a provider for tests: each request plays the next script, and the last one is repeated."""
        provider = cls(pace=pace)
        provider._scripts = scripts
        return provider

    async def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        """Play the scene that the prompt names."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            for step in self._steps(request):
                match step:
                    case Exception():
                        raise step
                    case asyncio.Event():
                        await step.wait()
                        due = loop.time()
                    case float() | int():
                        due += step * self._pace
                        await asyncio.sleep(due - loop.time())
                    case _:
                        yield step
                        await asyncio.sleep(0)
        except (GeneratorExit, asyncio.CancelledError):
            self.closed_early += 1
            raise

    def _steps(self, request: Request) -> Iterable[Step]:
        if self._scripts:
            self.requests.append(request)
            return self._scripts[min(len(self.requests), len(self._scripts)) - 1]
        if request.model != MODEL.ref.partition("/")[2]:
            return (RequestRefused(f"model: {request.model}", detail="no_such_model"),)
        prompts = [turn for turn in request.turns if turn.role is Role.USER and not _is_result(turn)]
        if not prompts:
            return (RequestRefused("messages: at least one message is required", detail="bad_request"),)
        if request.tools and first_word(prompts[-1].text) == "tools":
            return tool_steps(request, _input_usage(request))
        scene = scene_for(prompts[-1].text, len(prompts) - 1)
        if scene.error is not None:
            return (scene.wait_s, scene.error)
        failed = self._failures.get(prompts[-1].id, 0)
        if failed < scene.failures:
            self._failures[prompts[-1].id] = failed + 1
            return (scene.wait_s, flaky_error())
        return _scene_steps(scene, request)

    def can_continue(self, model: str) -> bool:
        """Return true: the script continues at the character where the partial reply ends."""
        return True

    def takes(self, model: str) -> AttachmentLimits:
        """Return no limits: the script reads no file."""
        return AttachmentLimits(takes_pdf=True, sees=True)

    async def count_tokens(self, request: Request) -> int | None:
        """Return the input tokens that the usage will report."""
        return _input_usage(request).total_input_tokens

    async def models(self) -> tuple[Model, ...]:
        return (MODEL,)

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


def _is_result(turn: Turn) -> bool:
    """Return whether a user's turn is what tools answered."""
    return any(isinstance(part, ToolResultPart) for part in turn.parts)


def _scene_steps(scene: Scene, request: Request) -> Iterator[Step]:
    """Yield the steps of a scene, starting where the partial reply at the end of the request stops."""
    last = request.turns[-1]
    partial = last if last.role is Role.ASSISTANT else None
    usage = _input_usage(request)
    yield ReplyOpened(f"req_demo_{len(request.turns)}")
    yield UsageReported(usage)
    yield scene.wait_s
    budget = request.options.max_tokens or inf
    spent = thought = 0
    thinking = scene.thinking or (PLAIN_THOUGHT if request.options.thinking else "")
    if thinking and request.options.thinking is not False and not (partial and partial.text):
        for piece in _from(pieces(thinking), len(partial.thinking) if partial else 0):
            if spent == budget:
                break
            spent += 1
            yield ThinkingDelta(piece)
            yield scene.token_s
        yield PartEnd()
        thought = spent
    tokens = _from(scene.tokens(), len(partial.text) if partial else 0)
    cut_at = inf if scene.cut_after is None or partial else scene.cut_after
    reason = "end_turn"
    for count, piece in enumerate(tokens):
        if count == cut_at:
            yield dropped_error()
        if spent == budget:
            reason = "max_tokens"
            break
        spent += 1
        yield TextDelta(piece)
        yield scene.token_s
    yield PartEnd()
    yield UsageReported(usage + Usage(output_tokens=spent, thinking_tokens=thought))
    yield Stopped(reason)


def _from(tokens: Iterable[str], position: int) -> Iterator[str]:
    """Return the tokens after this many characters."""
    rest = iter(tokens)
    for token in rest:
        if position < len(token):
            return chain((token[position:],), rest)
        position -= len(token)
    return rest


def _input_usage(request: Request) -> Usage:
    """Return the usage as with a cache: turns up to the previous prompt are read from it, the rest is written."""
    turns = request.turns if request.turns[-1].role is Role.USER else request.turns[:-1]
    known = max((at for at, turn in enumerate(turns[:-1]) if turn.role is Role.USER), default=-1) + 1
    system = _tokens(request.system) + 12
    read = system + sum(map(_turn_tokens, turns[:known])) if known else 0
    written = sum(map(_turn_tokens, request.turns[known:])) + (0 if known else system)
    return Usage(input_tokens=3, cache_read_tokens=read, cache_write_5m_tokens=written)


def _turn_tokens(turn: Turn) -> int:
    count = 4
    for part in turn.parts:
        match part:
            case AttachmentPart(size=size):
                count += size // 600 + 1
            case ToolCallPart(input_json=text):
                count += _tokens(text)
            case OtherPart() | RoundPart():
                pass
            case _:
                count += _tokens(part.text)
    return count


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4
