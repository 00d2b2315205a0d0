"""The providers known by name, one row each. To add a server of the OpenAI wire, add a row to `PRESETS`.

Facts only. The values are named tuples because every command loads this file, and dataclasses of this size take over
a millisecond to define.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = {}
_CHAT_TEMPLATE_ON = {"chat_template_kwargs": {"enable_thinking": True}}
_CHAT_TEMPLATE_OFF = {"chat_template_kwargs": {"enable_thinking": False}}
_CONTINUE_LAST_MESSAGE = {"continue_final_message": True, "add_generation_prompt": False}
_EFFORTS = ("low", "medium", "high")


class Continuation(NamedTuple):
    """How to ask a server to continue a partial reply."""

    message: Mapping[str, Any] = _NOTHING
    """Fields added to the message that holds the partial reply."""
    body: Mapping[str, Any] = _NOTHING
    """Fields added to the request."""
    chat_path: str = ""
    """The path to use instead of the dialect's `chat_path`; empty for the same."""


class Dialect(NamedTuple):
    """How one server differs from others on the OpenAI wire."""

    base_url: str = ""
    """Its address, with `{account_id}` and `{gateway_id}` as placeholders. Empty where the user must set it."""
    default_path: str = "/v1"
    """Added to an address that has no path."""
    plain_port: int | None = None
    """The port of an address that names neither scheme nor port."""
    chat_path: str = "{base}/chat/completions"
    """`{base}` is the address, `{root}` the address without `/v1`, `{model}` the model."""
    versioned_chat_path: str = ""
    """The path to use when `api_version` is set; `{api_version}` is filled in. Empty where there is none."""
    prefers_responses: bool = False
    """Uses the Responses API unless the settings choose chat completions."""
    models_paths: tuple[str, ...] = ("{base}/models",)
    """Where its models are listed; the first path that answers is used."""
    model_details_path: str = ""
    """Requested for each listed model, where the list lacks the context size."""
    running_path: str = ""
    """Where it reports the context size that its models run with, which may be smaller than their maximum."""
    model_id_field: str = ""
    """The field of a listed model that holds its id, where it is not one of the usual ones."""
    model_id_prefix: str = ""
    """What comes before the id of each listed model and is not part of its name."""
    listed_models: tuple[str, ...] = ()
    """Its models, where it cannot list them."""
    auth: str = "bearer"
    """How the key is sent: `bearer`, `x-api-key`, `api-key`, `gateway` or `none`."""
    needs_key: bool = True
    """At its own address; to another address a key is sent if there is one."""
    max_tokens_field: str = "max_tokens"
    has_stream_options: bool = True
    """Accepts `stream_options`; the other servers report usage without it."""
    effort_path: tuple[str, ...] = ("reasoning_effort",)
    """The path of the request field for the effort; empty where there is none."""
    efforts: tuple[str, ...] = ()
    """The efforts that its thinking models accept, where they are known."""
    has_openai_models: bool = False
    """Whether a model that thinks is recognised by OpenAI's names."""
    thinking_on: Mapping[str, Any] = _NOTHING
    thinking_off: Mapping[str, Any] = _NOTHING
    """Request fields that switch thinking; empty where it cannot be switched."""
    reasoning_field: str = ""
    """The message field in which the model's reasoning is sent back unchanged: `reasoning_details` with every reply,
    `reasoning_content` within a loop of tool calls."""
    thinking_in_total_only: bool = False
    """Reports thinking only as a part of all tokens, not of the output."""
    continuation: Continuation | None = None
    """`None` where partial replies cannot be continued."""
    takes_files: bool = False
    """Accepts documents such as PDF as file parts."""
    max_request_bytes: int | None = None
    """The most bytes of a request with files; `None` where it is unknown."""
    extra_fields: Mapping[str, Any] = _NOTHING
    """Added to every request."""


class Preset(NamedTuple):
    """What is known of a provider by its name."""

    key_variables: tuple[str, ...] = ()
    """Environment variables that may hold its key; the first that is set is used."""
    field_variables: tuple[tuple[str, str], ...] = ()
    """Pairs of a field of `[providers.NAME]` and the environment variable that sets it."""
    default_model: str = ""
    """The model to use when only a key is known; empty where there is no sensible choice."""
    is_local: bool = False
    """Runs on this machine and needs no key."""
    price_list_id: str | None = ""
    """Its id in the price list; empty for its name here, `None` where the list has no prices for it."""
    dialect: Dialect | None = None
    """`None` for a provider with an adapter of its own."""


PRESETS: dict[str, Preset] = {
    "anthropic": Preset(
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), (("base_url", "ANTHROPIC_BASE_URL"),), "claude-sonnet-5-5"
    ),
    "openai": Preset(
        ("OPENAI_API_KEY",),
        (("base_url", "OPENAI_BASE_URL"),),
        "gpt-6-astra",
        dialect=Dialect(
            "https://api.openai.com/v1",
            prefers_responses=True,
            max_tokens_field="max_completion_tokens",
            efforts=_EFFORTS,
            has_openai_models=True,
            thinking_off={"reasoning_effort": "none"},
            takes_files=True,
            max_request_bytes=50_000_000,
        ),
    ),
    "gemini": Preset(
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        default_model="gemini-3.8-flash",
        price_list_id="google",
        dialect=Dialect(
            "https://generativelanguage.googleapis.com/v1beta/openai",
            default_path="/v1beta/openai",
            model_id_prefix="models/",
            efforts=_EFFORTS,
            thinking_on={"extra_body": {"google": {"thinking_config": {"include_thoughts": True}}}},
            thinking_off={"reasoning_effort": "none"},
            thinking_in_total_only=True,
        ),
    ),
    "openrouter": Preset(
        ("OPENROUTER_API_KEY",),
        (("base_url", "OPENROUTER_BASE_URL"),),
        "openrouter/auto",
        dialect=Dialect(
            "https://openrouter.ai/api/v1",
            default_path="/api/v1",
            effort_path=("reasoning", "effort"),
            efforts=_EFFORTS,
            thinking_on={"reasoning": {"enabled": True}},
            thinking_off={"reasoning": {"enabled": False}},
            reasoning_field="reasoning_details",
            takes_files=True,
            extra_fields={"usage": {"include": True}},
        ),
    ),
    "mistral": Preset(
        ("MISTRAL_API_KEY",),
        default_model="mistral-large-latest",
        dialect=Dialect(
            "https://api.mistral.ai/v1",
            has_stream_options=False,
            continuation=Continuation({"prefix": True}),
        ),
    ),
    "deepseek": Preset(
        ("DEEPSEEK_API_KEY",),
        default_model="deepseek-chat",
        dialect=Dialect(
            "https://api.deepseek.com",
            default_path="",
            thinking_on={"thinking": {"type": "enabled"}},
            thinking_off={"thinking": {"type": "disabled"}},
            reasoning_field="reasoning_content",
            continuation=Continuation({"prefix": True}, chat_path="{root}/beta/chat/completions"),
        ),
    ),
    "groq": Preset(
        ("GROQ_API_KEY",),
        default_model="openai/gpt-oss-120b",
        dialect=Dialect(
            "https://api.groq.com/openai/v1",
            default_path="/openai/v1",
            max_tokens_field="max_completion_tokens",
            efforts=_EFFORTS,
            thinking_off={"reasoning_effort": "none"},
            continuation=Continuation(),
        ),
    ),
    "xai": Preset(
        ("XAI_API_KEY",),
        default_model="grok-4-fast",
        price_list_id="x-ai",
        dialect=Dialect("https://api.x.ai/v1", max_tokens_field="max_completion_tokens"),
    ),
    "together": Preset(
        ("TOGETHER_API_KEY",),
        default_model="openai/gpt-oss-120b",
        dialect=Dialect(
            "https://api.together.xyz/v1",
            thinking_on={"reasoning": {"enabled": True}},
            thinking_off={"reasoning": {"enabled": False}},
        ),
    ),
    "vercel": Preset(
        ("AI_GATEWAY_API_KEY",),
        price_list_id=None,
        dialect=Dialect("https://ai-gateway.vercel.sh/v1"),
    ),
    "fireworks": Preset(
        ("FIREWORKS_API_KEY",),
        dialect=Dialect("https://api.fireworks.ai/inference/v1", default_path="/inference/v1"),
    ),
    "cerebras": Preset(("CEREBRAS_API_KEY",), dialect=Dialect("https://api.cerebras.ai/v1")),
    "perplexity": Preset(
        ("PERPLEXITY_API_KEY",),
        default_model="sonar",
        dialect=Dialect(
            "https://api.perplexity.ai",
            default_path="",
            listed_models=("sonar", "sonar-pro", "sonar-reasoning-pro", "sonar-deep-research"),
        ),
    ),
    "moonshot": Preset(
        ("MOONSHOT_API_KEY",),
        price_list_id="moonshotai",
        dialect=Dialect("https://api.moonshot.ai/v1", reasoning_field="reasoning_content"),
    ),
    "zai": Preset(
        ("ZAI_API_KEY",),
        dialect=Dialect(
            "https://api.z.ai/api/paas/v4",
            default_path="/api/paas/v4",
            thinking_on={"thinking": {"type": "enabled"}},
            thinking_off={"thinking": {"type": "disabled"}},
            reasoning_field="reasoning_content",
        ),
    ),
    "nebius": Preset(
        ("NEBIUS_API_KEY",), price_list_id=None, dialect=Dialect("https://api.tokenfactory.nebius.com/v1")
    ),
    "huggingface": Preset(("HF_TOKEN",), price_list_id=None, dialect=Dialect("https://router.huggingface.co/v1")),
    "github": Preset(
        ("GITHUB_TOKEN",),
        price_list_id=None,
        dialect=Dialect(
            "https://models.github.ai/inference",
            default_path="/inference",
            models_paths=("{root}/catalog/models",),
        ),
    ),
    "sambanova": Preset(("SAMBANOVA_API_KEY",), price_list_id=None, dialect=Dialect("https://api.sambanova.ai/v1")),
    "databricks": Preset(
        ("DATABRICKS_TOKEN",),
        (("base_url", "DATABRICKS_HOST"),),
        dialect=Dialect(default_path="/serving-endpoints"),
    ),
    "snowflake": Preset(
        ("SNOWFLAKE_TOKEN",),
        price_list_id=None,
        dialect=Dialect(default_path="/api/v2/cortex/v1", max_tokens_field="max_completion_tokens"),
    ),
    "bedrock": Preset(
        ("AWS_BEARER_TOKEN_BEDROCK",),
        (("base_url", "AWS_BEDROCK_BASE_URL"),),
        price_list_id="aws",
        dialect=Dialect(default_path="/openai/v1"),
    ),
    "vertex": Preset(
        ("VERTEX_ACCESS_TOKEN",),
        price_list_id="google",
        dialect=Dialect(
            default_path="",
            efforts=_EFFORTS,
            thinking_on={"extra_body": {"google": {"thinking_config": {"include_thoughts": True}}}},
            thinking_off={"reasoning_effort": "none"},
            thinking_in_total_only=True,
        ),
    ),
    "azure": Preset(
        ("AZURE_OPENAI_API_KEY",),
        (
            ("base_url", "AZURE_OPENAI_ENDPOINT"),
            ("api_version", "AZURE_OPENAI_API_VERSION"),
            ("models", "AZURE_OPENAI_DEPLOYMENT"),
        ),
        dialect=Dialect(
            default_path="/openai/v1",
            # The root ends in /openai here.
            prefers_responses=True,
            versioned_chat_path="{root}/deployments/{model}/chat/completions?api-version={api_version}",
            auth="api-key",
            max_tokens_field="max_completion_tokens",
            efforts=_EFFORTS,
            has_openai_models=True,
            thinking_off={"reasoning_effort": "none"},
        ),
    ),
    "cloudflare": Preset(
        ("CLOUDFLARE_AI_GATEWAY_TOKEN", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
        (("account_id", "CLOUDFLARE_ACCOUNT_ID"), ("gateway_id", "CLOUDFLARE_GATEWAY_ID")),
        price_list_id=None,
        dialect=Dialect(
            "https://gateway.ai.cloudflare.com/v1/{account_id}/{gateway_id}/compat",
            default_path="",
            auth="gateway",
        ),
    ),
    "workersai": Preset(
        ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
        (("account_id", "CLOUDFLARE_ACCOUNT_ID"),),
        price_list_id="cloudflare",
        dialect=Dialect(
            "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1",
            models_paths=("{root}/models/search?task=Text%20Generation&per_page=100",),
            model_id_field="name",
        ),
    ),
    "ollama": Preset(
        ("OLLAMA_API_KEY",),
        (("base_url", "OLLAMA_HOST"),),
        is_local=True,
        price_list_id=None,
        dialect=Dialect(
            "http://127.0.0.1:11434/v1",
            plain_port=11434,
            models_paths=("{root}/api/tags", "{base}/models"),
            model_details_path="{root}/api/show",
            running_path="{root}/api/ps",
            needs_key=False,
            thinking_off={"reasoning_effort": "none"},
        ),
    ),
    "llamacpp": Preset(
        ("LLAMA_API_KEY",),
        is_local=True,
        price_list_id=None,
        dialect=Dialect(
            "http://127.0.0.1:8080/v1",
            plain_port=8080,
            running_path="{root}/props",
            needs_key=False,
            thinking_on=_CHAT_TEMPLATE_ON,
            thinking_off=_CHAT_TEMPLATE_OFF,
            continuation=Continuation(body=_CONTINUE_LAST_MESSAGE | _CHAT_TEMPLATE_OFF),
        ),
    ),
    "vllm": Preset(
        ("VLLM_API_KEY",),
        is_local=True,
        price_list_id=None,
        dialect=Dialect(
            "http://127.0.0.1:8000/v1",
            plain_port=8000,
            needs_key=False,
            thinking_on=_CHAT_TEMPLATE_ON,
            thinking_off=_CHAT_TEMPLATE_OFF,
            continuation=Continuation(body=_CONTINUE_LAST_MESSAGE),
        ),
    ),
    "lmstudio": Preset(
        ("LM_API_TOKEN",),
        (("base_url", "LMSTUDIO_HOST"),),
        is_local=True,
        price_list_id=None,
        dialect=Dialect(
            "http://127.0.0.1:1234/v1",
            plain_port=1234,
            models_paths=("{root}/api/v0/models", "{base}/models"),
            needs_key=False,
        ),
    ),
    "litellm": Preset(
        ("LITELLM_API_KEY", "LITELLM_MASTER_KEY"),
        (("base_url", "LITELLM_BASE_URL"),),
        is_local=True,
        price_list_id=None,
        dialect=Dialect(
            "http://127.0.0.1:4000/v1",
            plain_port=4000,
            models_paths=("{root}/model/info", "{base}/models"),
            needs_key=False,
            takes_files=True,
        ),
    ),
    "demo": Preset(is_local=True, price_list_id=None),
}

DIALECTS = {name: preset.dialect for name, preset in PRESETS.items() if preset.dialect is not None}

UNKNOWN_SERVER = Dialect(
    needs_key=False,
    efforts=_EFFORTS,
    has_openai_models=True,
    thinking_on=_CHAT_TEMPLATE_ON,
    thinking_off=_CHAT_TEMPLATE_OFF,
)
"""A server of the kind `openai` at another address than OpenAI's own."""

DEMO_MODEL = "demo/tour"
