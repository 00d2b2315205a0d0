"""The services known by name: which variables of the environment belong to each. Knows nothing of their wires."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of provider as the environment knows it."""

    key_variables: tuple[str, ...] = ()
    """Where its key may stand, first wins."""
    field_variables: tuple[tuple[str, str], ...] = ()
    """Pairs of a field of `[providers.NAME]` and the variable that sets it."""
    model: str = ""
    """What to talk to when only its key is known; empty where that cannot be said."""
    is_local: bool = False
    """Runs on this machine and asks for no key."""


SERVICES: dict[str, Service] = {
    "anthropic": Service(
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), (("base_url", "ANTHROPIC_BASE_URL"),), "claude-sonnet-5-5"
    ),
    "openai": Service(("OPENAI_API_KEY",), (("base_url", "OPENAI_BASE_URL"),), "gpt-6-astra"),
    "openrouter": Service(("OPENROUTER_API_KEY",), (("base_url", "OPENROUTER_BASE_URL"),), "openrouter/auto"),
    "mistral": Service(("MISTRAL_API_KEY",), (), "mistral-large-latest"),
    "deepseek": Service(("DEEPSEEK_API_KEY",), (), "deepseek-chat"),
    "groq": Service(("GROQ_API_KEY",), (), "openai/gpt-oss-120b"),
    "xai": Service(("XAI_API_KEY",), (), "grok-4-fast"),
    "together": Service(("TOGETHER_API_KEY",), (), "openai/gpt-oss-120b"),
    "azure": Service(
        ("AZURE_OPENAI_API_KEY",),
        (
            ("base_url", "AZURE_OPENAI_ENDPOINT"),
            ("api_version", "AZURE_OPENAI_API_VERSION"),
            ("models", "AZURE_OPENAI_DEPLOYMENT"),
        ),
    ),
    "cloudflare": Service(
        ("CLOUDFLARE_AI_GATEWAY_TOKEN", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
        (("account_id", "CLOUDFLARE_ACCOUNT_ID"), ("gateway_id", "CLOUDFLARE_GATEWAY_ID")),
    ),
    "workersai": Service(("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"), (("account_id", "CLOUDFLARE_ACCOUNT_ID"),)),
    "ollama": Service(("OLLAMA_API_KEY",), (("base_url", "OLLAMA_HOST"),), is_local=True),
    "llamacpp": Service(("LLAMA_API_KEY",), (), is_local=True),
    "vllm": Service(("VLLM_API_KEY",), (), is_local=True),
    "lmstudio": Service(("LM_API_TOKEN",), (("base_url", "LMSTUDIO_HOST"),), is_local=True),
    "litellm": Service(("LITELLM_API_KEY", "LITELLM_MASTER_KEY"), (("base_url", "LITELLM_BASE_URL"),), is_local=True),
    "demo": Service(is_local=True),
}
DEMO_MODEL = "demo/tour"
