"""The providers known by name, with their environment variables. Must not know their protocols."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderPreset:
    """A known provider: its variables and its default model."""

    key_variables: tuple[str, ...] = ()
    """The variables for its key, first wins."""
    field_variables: tuple[tuple[str, str], ...] = ()
    """Pairs of a field of `[providers.NAME]` and the variable that sets it."""
    model: str = ""
    """Its default model when only its key is known; may be empty."""
    is_local: bool = False
    """Runs on this machine and asks for no key."""


PROVIDER_PRESETS: dict[str, ProviderPreset] = {
    "anthropic": ProviderPreset(
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), (("base_url", "ANTHROPIC_BASE_URL"),), "claude-sonnet-5-5"
    ),
    "openai": ProviderPreset(("OPENAI_API_KEY",), (("base_url", "OPENAI_BASE_URL"),), "gpt-6-astra"),
    "openrouter": ProviderPreset(("OPENROUTER_API_KEY",), (("base_url", "OPENROUTER_BASE_URL"),), "openrouter/auto"),
    "mistral": ProviderPreset(("MISTRAL_API_KEY",), (), "mistral-large-latest"),
    "deepseek": ProviderPreset(("DEEPSEEK_API_KEY",), (), "deepseek-chat"),
    "groq": ProviderPreset(("GROQ_API_KEY",), (), "openai/gpt-oss-120b"),
    "xai": ProviderPreset(("XAI_API_KEY",), (), "grok-4-fast"),
    "together": ProviderPreset(("TOGETHER_API_KEY",), (), "openai/gpt-oss-120b"),
    "azure": ProviderPreset(
        ("AZURE_OPENAI_API_KEY",),
        (
            ("base_url", "AZURE_OPENAI_ENDPOINT"),
            ("api_version", "AZURE_OPENAI_API_VERSION"),
            ("models", "AZURE_OPENAI_DEPLOYMENT"),
        ),
    ),
    "cloudflare": ProviderPreset(
        ("CLOUDFLARE_AI_GATEWAY_TOKEN", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
        (("account_id", "CLOUDFLARE_ACCOUNT_ID"), ("gateway_id", "CLOUDFLARE_GATEWAY_ID")),
    ),
    "workersai": ProviderPreset(
        ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"), (("account_id", "CLOUDFLARE_ACCOUNT_ID"),)
    ),
    "ollama": ProviderPreset(("OLLAMA_API_KEY",), (("base_url", "OLLAMA_HOST"),), is_local=True),
    "llamacpp": ProviderPreset(("LLAMA_API_KEY",), (), is_local=True),
    "vllm": ProviderPreset(("VLLM_API_KEY",), (), is_local=True),
    "lmstudio": ProviderPreset(("LM_API_TOKEN",), (("base_url", "LMSTUDIO_HOST"),), is_local=True),
    "litellm": ProviderPreset(
        ("LITELLM_API_KEY", "LITELLM_MASTER_KEY"), (("base_url", "LITELLM_BASE_URL"),), is_local=True
    ),
    "demo": ProviderPreset(is_local=True),
}
DEMO_MODEL = "demo/tour"
