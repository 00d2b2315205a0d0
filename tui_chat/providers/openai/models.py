"""Reads lists of models in every shape that servers of the OpenAI wire send. No I/O."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.provider import Model
from tui_chat.core.provider_presets import Dialect

_CONTEXT_FIELDS = (
    "context_length",
    "context_window",
    "loaded_context_length",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
    "n_ctx",
    "n_ctx_train",
)
_MAX_DIGITS = 16
"""Of a number that is sent as text."""
_MAX_OUTPUT_FIELDS = ("max_completion_tokens", "max_output_tokens", "max_output_length")
_TOOL_WORDS = {"tools", "tool_use", "tool-use", "tool-calling", "function_calling", "function-calling"}
"""What servers call the use of tools among a model's features."""
_NESTED = ("meta", "top_provider", "model_info", "limits")
"""Objects within a model that may hold its figures."""
_NOT_CHAT = re.compile(
    r"embed|whisper|\btts\b|-tts|dall-e|image|moderation|realtime|transcrib|audio|\bsora|rerank|guard|speech|ocr"
    r"|babbage|davinci|codex-mini|computer-use|-instruct-\d{4}|veo|flux|stable-diffusion|bge-",
    re.IGNORECASE,
)
_OPENAI_THINKING = re.compile(r"^(o[1-9]|gpt-([5-9]|\d\d))(?!.*chat)")


def models_in(listing: Any, provider: str, dialect: Dialect) -> tuple[Model, ...]:
    """Return the chat models in the order of the list. Raises `ValueError` where there is no list."""
    models: dict[str, Model] = {}
    for entry in _entries(listing):
        if isinstance(entry, str):
            entry = {"id": entry}
        if isinstance(entry, Mapping) and (model := _model(entry, provider, dialect)) is not None:
            models.setdefault(model.ref, model)
    return tuple(models.values())


def _entries(listing: Any) -> Iterable[Any]:
    if isinstance(listing, list):
        return listing
    if isinstance(listing, Mapping):
        for name in ("data", "models", "result"):
            if isinstance(entries := listing.get(name), list):
                return entries
    raise ValueError("no list of models")


def _model(entry: Mapping[str, Any], provider: str, dialect: Dialect) -> Model | None:
    names = (entry.get(name) for name in ("model_name", "id", "key", "model", "name"))
    model_id = next((name for name in names if isinstance(name, str) and name), "")
    if dialect.model_id_field:
        model_id = str(entry.get(dialect.model_id_field) or model_id)
    model_id = model_id.removeprefix(dialect.model_id_prefix)
    if not model_id or not _is_chat_model(entry, model_id):
        return None
    figures = dict(_figures(entry))
    can_think = _can_think(entry, figures) or (
        True if dialect.has_openai_models and _OPENAI_THINKING.match(model_id) else None
    )
    display_name = entry.get("display_name") or (entry.get("name") if "id" in entry else "")
    return Model(
        ref=f"{provider}/{model_id}",
        name=display_name if isinstance(display_name, str) and display_name != model_id else "",
        context_window=_first_count(figures, _CONTEXT_FIELDS),
        max_output_tokens=_first_count(figures, _MAX_OUTPUT_FIELDS),
        can_think=can_think,
        can_see=_can_see(entry, figures),
        can_use_tools=_can_use_tools(entry, figures),
        efforts=dialect.efforts if can_think else (),
    )


def _is_chat_model(entry: Mapping[str, Any], model_id: str) -> bool:
    """Return whether the model replies in text; judged by its name where the server does not report it."""
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, Mapping) and isinstance(is_chat := capabilities.get("completion_chat"), bool):
        return is_chat
    if isinstance(capabilities, list) and "embedding" in capabilities:
        return False
    if entry.get("active") is False or entry.get("archived") is True:
        return False
    if isinstance(kind := entry.get("type"), str) and kind in ("llm", "vlm", "chat", "language", "code"):
        return True
    architecture = entry.get("architecture")
    if isinstance(architecture, Mapping) and isinstance(outputs := architecture.get("output_modalities"), list):
        return "text" in outputs
    return entry.get("type") not in ("embeddings", "embedding", "image", "rerank", "audio", "moderation") and (
        _NOT_CHAT.search(model_id) is None
    )


def _figures(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every figure of a model by name; those of the model itself come last, so that they win in a dict."""
    for name in _NESTED:
        if isinstance(nested := entry.get(name), Mapping):
            yield from nested.items()
    # Workers AI lists figures as pairs.
    if isinstance(pairs := entry.get("properties"), list):
        for pair in pairs:
            if isinstance(pair, Mapping):
                yield str(pair.get("property_id")), pair.get("value")
    yield from ((name, value) for name, value in entry.items() if value is not None)


def _first_count(figures: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the first of these figures that is a believable count."""
    for name in names:
        value = figures.get(name)
        if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS:
            value = int(value)
        if isinstance(value, int) and (count := count_in_bounds(value)):
            return count
    return None


def _can_think(entry: Mapping[str, Any], figures: Mapping[str, Any]) -> bool | None:
    """Return whether the model thinks; `None` where the server does not report it."""
    for name in ("supported_parameters", "capabilities", "supported_features"):
        features = entry.get(name)
        if isinstance(features, list):
            return bool({"reasoning", "thinking", "include_reasoning"} & {str(feature) for feature in features})
        if isinstance(features, Mapping) and isinstance(can_think := features.get("reasoning"), bool):
            return can_think
    can_think = figures.get("supports_reasoning")
    if isinstance(can_think, str):
        can_think = can_think == "true"
    return can_think if isinstance(can_think, bool) else None


def _can_see(entry: Mapping[str, Any], figures: Mapping[str, Any]) -> bool | None:
    """Return whether the model takes images; `None` where the server does not report it."""
    architecture = entry.get("architecture")
    for place in (architecture if isinstance(architecture, Mapping) else {}, entry):
        for name in ("input_modalities", "supported_input_modalities"):
            if isinstance(inputs := place.get(name), list):
                return "image" in inputs
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, list):
        return bool({"vision", "multimodal", "image"} & {str(one) for one in capabilities})
    if isinstance(capabilities, Mapping) and isinstance(sees := capabilities.get("vision"), bool):
        return sees
    if isinstance(sees := figures.get("supports_vision"), bool):
        return sees
    # Only the type shows which models of LM Studio can see.
    return {"vlm": True, "llm": False}.get(str(entry.get("type")))


def _can_use_tools(entry: Mapping[str, Any], figures: Mapping[str, Any]) -> bool | None:
    """Return whether the model calls tools; `None` where the server does not report it."""
    for name in ("supported_parameters", "capabilities", "supported_features"):
        features = entry.get(name)
        if isinstance(features, list):
            return bool(_TOOL_WORDS & {str(feature) for feature in features})
        if isinstance(features, Mapping):
            for word in _TOOL_WORDS:
                if isinstance(can_use := features.get(word), bool):
                    return can_use
    can_use = figures.get("supports_function_calling", entry.get("supports_tools"))
    return can_use if isinstance(can_use, bool) else None


def with_details(model: Model, details: Any) -> Model:
    """Return the model with what Ollama reports for it alone."""
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
        can_see="vision" in capabilities if isinstance(capabilities, list) else model.can_see,
        can_use_tools="tools" in capabilities if isinstance(capabilities, list) else model.can_use_tools,
    )


def with_running(models: tuple[Model, ...], status: Any, provider: str, dialect: Dialect) -> tuple[Model, ...]:
    """Return the models with the context size they run with: Ollama reports one per model, llama.cpp a single one."""
    if not isinstance(status, Mapping):
        return models
    settings = status.get("default_generation_settings")
    if isinstance(settings, Mapping) and (context := _first_count(settings, ("n_ctx",))):
        return tuple(replace(model, context_window=context) for model in models)
    if not isinstance(status.get("models"), list):
        return models
    running = {
        model.ref: model.context_window for model in models_in(status, provider, dialect) if model.context_window
    }
    return tuple(replace(model, context_window=running.get(model.ref, model.context_window)) for model in models)
