"""Abilities of Claude models, judged by their names, and how the list of models is read."""

import re
from typing import Any

from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.masking import Masker
from tui_chat.core.provider import Model
from tui_chat.providers.provider_secrets import masked_models
from tui_chat.providers.values import list_of, mapping_of, text_of

_UP_TO_4_5 = re.compile(
    r"claude-(?:(?:instant|2|3)[-.].*|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|-latest)?|4-(?:opus|sonnet)-\d{8})"
)
_CANNOT_THINK = re.compile(r"claude-(?:instant|2|3-(?!7))")
_MAX_OUTPUT = (
    (re.compile(r"claude-(?:instant|2|3-(?:opus|sonnet|haiku)).*"), 4_096),
    (re.compile(r"claude-3-5-.*"), 8_192),
    (re.compile(r"claude-(?:opus-4(?:-[01])?(?:-\d{8})?|4-opus-\d{8})"), 32_000),
    (re.compile(r"claude-.*"), 64_000),
)
_OTHER_MAX_OUTPUT = 8_192
"""For models of other vendors."""
_BUDGETS = {"low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 32_768, "max": 48_000}
_MIN_BUDGET = 1_024
_MIN_ANSWER = 1_024
LIMITS = AttachmentLimits(
    takes_pdf=True,
    image_base64_bytes=5 * 1024 * 1024,
    image_edge=8_000,
    many_images=20,
    image_edge_of_many=2_000,
    images=100,
    images_in_long_context=600,
    pdf_pages=100,
    request_bytes=32_000_000,
)
"""The documented limits of the Messages API; every model since Claude 3 sees."""
_EFFORTS = ("low", "medium", "high", "xhigh", "max")


def is_legacy(model: str) -> bool:
    """Return whether it is Claude 4.5 or older: it continues replies and takes a temperature and thinking budget."""
    return _UP_TO_4_5.fullmatch(model) is not None


def takes_thinking_budget(model: str) -> bool:
    """Return whether the model thinks within a number of tokens."""
    return is_legacy(model) and _CANNOT_THINK.match(model) is None


def takes_effort(model: str) -> bool:
    return not is_legacy(model) or model.startswith("claude-opus-4-5")


def default_max_tokens(model: str) -> int:
    """Return the output tokens to allow where the user sets no limit."""
    return next((limit for name, limit in _MAX_OUTPUT if name.fullmatch(model)), _OTHER_MAX_OUTPUT)


def thinking_budget(effort: str | None, max_tokens: int) -> int | None:
    """Return the tokens of thinking that leave room for an answer; `None` where there is no room for thinking."""
    budget = min(_BUDGETS.get(effort or "medium", _BUDGETS["medium"]), max_tokens - _MIN_ANSWER)
    return budget if budget >= _MIN_BUDGET else None


def models_in(pages: list[dict[str, Any]], provider: str, masker: Masker) -> tuple[Model, ...]:
    """Return the models on these pages of the list, without those that are retired."""
    entries = [mapping_of(entry) for page in pages for entry in list_of(page.get("data"))]
    models = [_model(provider, entry) for entry in entries if entry.get("lifecycle") != "retired"]
    return masked_models((model for model in models if not model.ref.endswith("/")), masker)


def _model(provider: str, entry: dict[str, Any]) -> Model:
    """Return a model as far as the list describes it; a gateway's list may lack most fields."""
    capabilities = mapping_of(entry.get("capabilities"))
    effort = mapping_of(capabilities.get("effort"))
    can_think = mapping_of(capabilities.get("thinking")).get("supported")
    can_see = mapping_of(capabilities.get("image_input")).get("supported")
    return Model(
        f"{provider}/{text_of(entry.get('id'))}",
        text_of(entry.get("display_name")),
        count_in_bounds(entry.get("max_input_tokens")) or None,
        count_in_bounds(entry.get("max_tokens")) or None,
        can_think if isinstance(can_think, bool) else None,
        tuple(level for level in _EFFORTS if mapping_of(effort.get(level)).get("supported") is True),
        can_see if isinstance(can_see, bool) else None,
    )
