"""A request in the words of this wire. Needs no SDK and no network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_chat.core.clean import valid_text
from tui_chat.core.part import TextPart
from tui_chat.core.provider import Request
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.anthropic.history import Message, messages_of
from tui_chat.providers.anthropic.models import is_old, most_output, takes_effort, thinking_budget, thinks_to_a_budget

CURRENT_VERSION = "2026-10-21"
"""Of the API; a gateway may want an older one."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the places this wire is spoken at."""

    version: str = CURRENT_VERSION
    max_tokens: Mapping[str, int] = field(default_factory=dict)
    """Most output of each model, as far as its provider told."""

    @property
    def is_current(self) -> bool:
        """Whether it is the newest the program knows; dates compare as text."""
        return self.version >= CURRENT_VERSION


def message_params(request: Request, dialect: Dialect) -> dict[str, Any]:
    """The arguments of a call that creates a message."""
    options = request.options
    max_tokens = options.max_tokens or dialect.max_tokens.get(request.model) or most_output(request.model)
    params = {**counted_params(request), "max_tokens": max_tokens, **_thinking(request, max_tokens, dialect)}
    if options.effort and takes_effort(request.model):
        params["output_config"] = {"effort": options.effort}
    thinks = "thinking" in params and params["thinking"]["type"] != "disabled"
    if options.temperature is not None and is_old(request.model) and not dialect.is_current and not thinks:
        params["extra_body"] = {"temperature": options.temperature}
    if dialect.is_current:
        params["cache_control"] = {"type": "ephemeral"}
    else:
        _mark_for_cache(params["messages"])
    return params


def counted_params(request: Request) -> dict[str, Any]:
    """The arguments that input tokens are counted of."""
    params: dict[str, Any] = {"model": request.model, "messages": messages_of(request.turns)}
    if request.system.strip():
        params["system"] = valid_text(request.system)
    return params


def continued(request: Request) -> Turn | None:
    """The partial reply that the model shall go on writing, if there is one."""
    last = request.turns[-1] if request.turns else None
    return last if last is not None and last.role is Role.ASSISTANT else None


def blank_end(turn: Turn | None) -> str:
    """The blank space at the end of a partial reply, which the API does not take."""
    match turn.parts[-1:] if turn is not None else ():
        case (TextPart(text),):
            return text[len(text.rstrip()) :]
    return ""


def _thinking(request: Request, max_tokens: int, dialect: Dialect) -> dict[str, Any]:
    """The switch for thinking; left alone where nobody turned it, and where a reply is gone on with."""
    wanted = request.options.thinking
    if wanted is None or continued(request) is not None:
        return {}
    if thinks_to_a_budget(request.model):
        budget = thinking_budget(request.options.effort, max_tokens) if wanted else None
        return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget else {}
    if is_old(request.model):
        return {}
    if not wanted:
        return {"thinking": {"type": "disabled"}}
    shown = {"display": "summarized"} if dialect.is_current else {}
    return {"thinking": {"type": "adaptive", **shown}}


def _mark_for_cache(messages: list[Message]) -> None:
    """The mark on the last block of the last prompt, where an older API wants it."""
    for message in reversed(messages):
        if message["role"] == Role.USER.value:
            message["content"][-1] = {**message["content"][-1], "cache_control": {"type": "ephemeral"}}
            return
