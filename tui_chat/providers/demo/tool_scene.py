"""The demo scene that calls tools: one request for each call, then a word about what came back."""

import json
from collections.abc import Iterator

from tui_chat.core.event import PartEnd, ProviderEvent, Stopped, TextDelta, ToolCallDelta, UsageReported
from tui_chat.core.part import ToolResultPart
from tui_chat.core.provider import Request
from tui_chat.core.turn import Role
from tui_chat.core.usage import Usage
from tui_chat.providers.demo.scenes import NO_TOOLS, pieces

_CALLS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("list_files", "Let me see which files are here.", {"pattern": "*"}),
    ("run_command", "Now a command, which needs your answer.", {"command": "echo Hello from your shell; date"}),
)
_SLOW_COMMAND = "for step in 1 2 3 4 5 6 7 8 9; do echo step $step of 9; sleep 1; done"
"""Long enough to be watched, and stopped."""
_STATUS_WORDS = {
    "done": "It worked",
    "denied": "You denied it, and nothing ran",
    "failed": "It failed",
    "not_run": "It was not run",
    "timed_out": "It took too long",
}


def tool_steps(request: Request, usage: Usage) -> Iterator[ProviderEvent | float]:
    """Yield the next request of the scene: another call, or the end."""
    results = _results(request)
    offered = {tool.name for tool in request.tools}
    wanted = [call for call in _CALLS if call[0] in offered]
    written = 0
    if len(results) < len(wanted):
        name, text, arguments = wanted[len(results)]
        if name == "run_command" and _is_slow(request):
            arguments = {"command": _SLOW_COMMAND}
        call_id = f"call_demo_{len(request.turns)}"
        for piece in pieces(text):
            written += 1
            yield TextDelta(piece)
            yield 0.01
        yield PartEnd()
        yield ToolCallDelta(call_id, name, json.dumps(arguments))
        yield PartEnd(call_id=call_id)
        yield UsageReported(usage + Usage(output_tokens=written + 20))
        yield Stopped("tool_use")
        return
    for piece in pieces(_summary(results)):
        written += 1
        yield TextDelta(piece)
        yield 0.01
    yield PartEnd()
    yield UsageReported(usage + Usage(output_tokens=written))
    yield Stopped("end_turn")


def _is_slow(request: Request) -> bool:
    prompts = [turn.text for turn in request.turns if turn.role is Role.USER and turn.text]
    return "slow" in prompts[-1].lower().split()


def _results(request: Request) -> list[ToolResultPart]:
    """Return what tools answered since the last prompt."""
    results: list[ToolResultPart] = []
    for turn in request.turns:
        if turn.role is Role.USER:
            found = [part for part in turn.parts if isinstance(part, ToolResultPart)]
            results = results + found if found else []
    return results


def _summary(results: list[ToolResultPart]) -> str:
    if not results:
        return NO_TOOLS
    last = results[-1]
    ending = f"{_STATUS_WORDS.get(last.status, 'It ended')}. The last lines of what came back:\n\n"
    lines = last.text.splitlines()[-4:]
    return ending + "```text\n" + "\n".join(lines) + "\n```\n\nThe rows above unfold with `Ctrl+T`.\n"
