"""What sets the servers of the OpenAI-compatible wire apart, as one table. Facts only; nothing here talks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_EFFORT = ("reasoning_effort",)
_CHAT_TEMPLATE_OFF: Json = {"chat_template_kwargs": {"enable_thinking": False}}
_CHAT_TEMPLATE_ON: Json = {"chat_template_kwargs": {"enable_thinking": True}}
_OPEN_END: Json = {"continue_final_message": True, "add_generation_prompt": False}


@dataclass(frozen=True, slots=True)
class Continuation:
    """How a server is asked to go on writing a partial reply."""

    message: Mapping[str, Any] = field(default_factory=dict)
    """Added to the partial reply's message."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Added to the request."""
    chat_path: str = ""
    """Another place to ask, where the usual one does not."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server."""

    base_url: str
    """Its address; may hold `{account_id}` and `{gateway_id}`. Empty where only the user can know."""
    own_path: str = "/v1"
    """Added to an address that has no path."""
    plain_port: int | None = None
    """The port of an address that names neither scheme nor port."""
    chat_path: str = "{base}/chat/completions"
    """`{base}` is the address, `{root}` the same without `/v1`, `{model}` the model."""
    models_paths: tuple[str, ...] = ("{base}/models",)
    """Where its models are listed; the first that answers."""
    model_details: str = ""
    """Asked for each model listed, where the list says too little."""
    running_path: str = ""
    """Where it tells with how much context its models really run, which may be less than they can."""
    auth: str = "bearer"
    """How the key is sent: `bearer`, `x-api-key`, `api-key`, `gateway` or `none`."""
    needs_key: bool = True
    """At its own address; at another one a key is sent when there is one."""
    max_tokens: str = "max_tokens"
    stream_options: bool = True
    """Takes `stream_options`; the others tell their usage unasked."""
    effort: tuple[str, ...] = _EFFORT
    """Path of the field that takes an effort; empty where there is none."""
    thinking_on: Mapping[str, Any] = field(default_factory=dict)
    thinking_off: Mapping[str, Any] = field(default_factory=dict)
    """What is added to the request to switch thinking; empty where it cannot be switched."""
    returns_reasoning: str = ""
    """The message field in which the model's own thinking is handed back unchanged."""
    continuation: Continuation | None = None
    takes_files: bool = False
    """Takes documents such as PDF as file parts."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Added to every request."""


OTHER = Dialect("", needs_key=False, thinking_on=_CHAT_TEMPLATE_ON, thinking_off=_CHAT_TEMPLATE_OFF)
"""A server that only its user knows."""

DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(
        "https://api.openai.com/v1",
        max_tokens="max_completion_tokens",
        thinking_off={"reasoning_effort": "none"},
        takes_files=True,
    ),
    "openrouter": Dialect(
        "https://openrouter.ai/api/v1",
        own_path="/api/v1",
        effort=("reasoning", "effort"),
        thinking_on={"reasoning": {"enabled": True}},
        thinking_off={"reasoning": {"enabled": False}},
        returns_reasoning="reasoning_details",
        takes_files=True,
        extra={"usage": {"include": True}},
    ),
    "groq": Dialect(
        "https://api.groq.com/openai/v1",
        own_path="/openai/v1",
        max_tokens="max_completion_tokens",
        thinking_off={"reasoning_effort": "none"},
        continuation=Continuation(),
    ),
    "deepseek": Dialect(
        "https://api.deepseek.com",
        own_path="",
        thinking_on={"thinking": {"type": "enabled"}},
        thinking_off={"thinking": {"type": "disabled"}},
        continuation=Continuation({"prefix": True}, chat_path="{root}/beta/chat/completions"),
    ),
    "mistral": Dialect(
        "https://api.mistral.ai/v1",
        stream_options=False,
        continuation=Continuation({"prefix": True}),
    ),
    "xai": Dialect("https://api.x.ai/v1", max_tokens="max_completion_tokens"),
    "together": Dialect(
        "https://api.together.xyz/v1",
        thinking_on={"reasoning": {"enabled": True}},
        thinking_off={"reasoning": {"enabled": False}},
    ),
    "azure": Dialect(
        "",
        own_path="/openai/v1",
        auth="api-key",
        max_tokens="max_completion_tokens",
        thinking_off={"reasoning_effort": "none"},
    ),
    "cloudflare": Dialect(
        "https://gateway.ai.cloudflare.com/v1/{account_id}/{gateway_id}/compat", own_path="", auth="gateway"
    ),
    "workersai": Dialect(
        "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1",
        models_paths=("{root}/models/search?task=Text%20Generation&per_page=100",),
    ),
    "ollama": Dialect(
        "http://127.0.0.1:11434/v1",
        plain_port=11434,
        models_paths=("{root}/api/tags", "{base}/models"),
        model_details="{root}/api/show",
        running_path="{root}/api/ps",
        needs_key=False,
        thinking_off={"reasoning_effort": "none"},
    ),
    "llamacpp": Dialect(
        "http://127.0.0.1:8080/v1",
        plain_port=8080,
        running_path="{root}/props",
        needs_key=False,
        thinking_on=_CHAT_TEMPLATE_ON,
        thinking_off=_CHAT_TEMPLATE_OFF,
        continuation=Continuation(body=_OPEN_END | _CHAT_TEMPLATE_OFF),
    ),
    "vllm": Dialect(
        "http://127.0.0.1:8000/v1",
        plain_port=8000,
        needs_key=False,
        thinking_on=_CHAT_TEMPLATE_ON,
        thinking_off=_CHAT_TEMPLATE_OFF,
        continuation=Continuation(body=_OPEN_END),
    ),
    "lmstudio": Dialect(
        "http://127.0.0.1:1234/v1",
        plain_port=1234,
        models_paths=("{root}/api/v0/models", "{base}/models"),
        needs_key=False,
    ),
    "litellm": Dialect(
        "http://127.0.0.1:4000/v1",
        plain_port=4000,
        models_paths=("{root}/model/info", "{base}/models"),
        needs_key=False,
    ),
}

AZURE_BY_DEPLOYMENT = "{root}/deployments/{model}/chat/completions?api-version={api_version}"
"""Azure's older address, used where a version is set; `{root}` ends in `/openai`."""
