"""Lists of models, in every shape the OpenAI-compatible servers give them → the core's models. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.provider import Model

_CONTEXT = (
    "context_length",
    "context_window",
    "loaded_context_length",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
    "n_ctx",
    "n_ctx_train",
)
_LONGEST_COUNT = 16
"""Digits of a figure that stands as text."""
_MOST_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_output_length")
_INSIDE = ("meta", "top_provider", "model_info", "limits")
"""Objects within a model in which the figures may stand."""
_NO_CHAT = re.compile(
    r"embed|whisper|\btts\b|-tts|dall-e|image|moderation|realtime|transcrib|audio|\bsora|rerank|guard|speech|ocr"
    r"|babbage|davinci|codex-mini|computer-use|-instruct-\d{4}|veo|flux|stable-diffusion|bge-",
    re.IGNORECASE,
)
_OPENAI_THINKS = re.compile(r"^(o[1-9]|gpt-([5-9]|\d\d))(?!.*chat)")
_EFFORTS = ("low", "medium", "high")


def models_in(listing: Any, provider: str, kind: str) -> tuple[Model, ...]:
    """The models one can chat with, in the order the server lists them."""
    found: dict[str, Model] = {}
    for entry in _entries(listing):
        if isinstance(entry, str):
            entry = {"id": entry}
        if isinstance(entry, Mapping) and (model := _model(entry, provider, kind)) is not None:
            found.setdefault(model.ref, model)
    return tuple(found.values())


def _entries(listing: Any) -> Iterable[Any]:
    """The list, wherever it stands."""
    if isinstance(listing, list):
        return listing
    if isinstance(listing, Mapping):
        for name in ("data", "models", "result"):
            if isinstance(found := listing.get(name), list):
                return found
    raise ValueError("no list of models")


def _model(entry: Mapping[str, Any], provider: str, kind: str) -> Model | None:
    names = (entry.get(name) for name in ("model_name", "id", "key", "model", "name"))
    model_id = next((name for name in names if isinstance(name, str) and name), "")
    if kind == "workersai":
        model_id = str(entry.get("name") or model_id)
    if not model_id or not _chats(entry, model_id):
        return None
    facts = dict(_facts(entry))
    thinks = _thinks(entry, facts) or (
        True if kind in ("openai", "azure") and _OPENAI_THINKS.match(model_id) else None
    )
    shown = entry.get("display_name") or (entry.get("name") if "id" in entry else "")
    return Model(
        ref=f"{provider}/{model_id}",
        name=shown if isinstance(shown, str) and shown != model_id else "",
        context_window=_first(facts, _CONTEXT),
        max_output_tokens=_first(facts, _MOST_OUTPUT),
        can_think=thinks,
        efforts=_EFFORTS if thinks and kind in ("openai", "azure", "openrouter", "groq") else (),
    )


def _chats(entry: Mapping[str, Any], model_id: str) -> bool:
    """Whether it answers in text; where the server does not say, its name does."""
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, Mapping) and isinstance(chats := capabilities.get("completion_chat"), bool):
        return chats
    if isinstance(capabilities, list) and "embedding" in capabilities:
        return False
    if entry.get("active") is False or entry.get("archived") is True:
        return False
    if isinstance(kind := entry.get("type"), str) and kind in ("llm", "vlm", "chat", "language", "code"):
        return True
    architecture = entry.get("architecture")
    if isinstance(architecture, Mapping) and isinstance(given := architecture.get("output_modalities"), list):
        return "text" in given
    return entry.get("type") not in ("embeddings", "embedding", "image", "rerank", "audio", "moderation") and (
        _NO_CHAT.search(model_id) is None
    )


def _facts(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every figure of a model by its name: its own last, so that they win; Workers AI lists them as pairs."""
    for name in _INSIDE:
        if isinstance(inner := entry.get(name), Mapping):
            yield from inner.items()
    if isinstance(pairs := entry.get("properties"), list):
        for pair in pairs:
            if isinstance(pair, Mapping):
                yield str(pair.get("property_id")), pair.get("value")
    yield from ((name, value) for name, value in entry.items() if value is not None)


def _first(facts: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """The first of these that is a count which can be believed."""
    for name in names:
        value = facts.get(name)
        if isinstance(value, str) and value.isdecimal() and len(value) <= _LONGEST_COUNT:
            value = int(value)
        if isinstance(value, int) and (count := count_in_bounds(value)):
            return count
    return None


def _thinks(entry: Mapping[str, Any], facts: Mapping[str, Any]) -> bool | None:
    """Whether it thinks; `None` where the server does not say."""
    for name in ("supported_parameters", "capabilities", "supported_features"):
        told = entry.get(name)
        if isinstance(told, list):
            return bool({"reasoning", "thinking", "include_reasoning"} & {str(one) for one in told})
        if isinstance(told, Mapping) and isinstance(thinks := told.get("reasoning"), bool):
            return thinks
    thinks = facts.get("supports_reasoning")
    if isinstance(thinks, str):
        thinks = thinks == "true"
    return thinks if isinstance(thinks, bool) else None


def with_details(model: Model, details: Any) -> Model:
    """The same with what Ollama tells of one model when asked for it."""
    if not isinstance(details, Mapping):
        return model
    info, capabilities = details.get("model_info"), details.get("capabilities")
    contexts = [
        int(value)
        for name, value in (info.items() if isinstance(info, Mapping) else ())
        if str(name).endswith(".context_length") and count_in_bounds(value)
    ]
    return replace(
        model,
        context_window=contexts[0] if contexts else model.context_window,
        can_think="thinking" in capabilities if isinstance(capabilities, list) else model.can_think,
    )


def with_running(models: tuple[Model, ...], told: Any, provider: str, kind: str) -> tuple[Model, ...]:
    """The same with the context they really run with, as Ollama tells of each and llama.cpp of its only one."""
    if not isinstance(told, Mapping):
        return models
    settings = told.get("default_generation_settings")
    if isinstance(settings, Mapping) and (context := _first(settings, ("n_ctx",))):
        return tuple(replace(model, context_window=context) for model in models)
    if not isinstance(told.get("models"), list):
        return models
    running = {model.ref: model.context_window for model in models_in(told, provider, kind) if model.context_window}
    return tuple(replace(model, context_window=running.get(model.ref, model.context_window)) for model in models)
