"""What users write as an address, and what it becomes."""

import pytest

from tui_chat.core.error import SettingsError
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.address import Address, address_of, chat_path, dialect_of


def address(kind: str, base_url: str = "", **more: str) -> Address:
    config = ProviderConfig(kind, kind, base_url, **more)  # type: ignore[arg-type]
    return address_of(config, dialect_of(config))


@pytest.mark.parametrize(
    ("kind", "written", "base"),
    [
        ("openai", "", "https://api.openai.com/v1"),
        ("openai", "https://llm.example.com", "https://llm.example.com/v1"),
        ("openai", "https://llm.example.com/api/", "https://llm.example.com/api"),
        ("openai", " https://llm.example.com/v1/chat/completions/ ", "https://llm.example.com/v1"),
        ("openai", "llm.example.com/v1", "https://llm.example.com/v1"),
        ("openai", "localhost:9000", "http://localhost:9000/v1"),
        ("openai", "http://[::1]:9000/v1", "http://[::1]:9000/v1"),
        ("openai", "https://me:pw@llm.example.com/v1", "https://me:pw@llm.example.com/v1"),
        ("ollama", "", "http://127.0.0.1:11434/v1"),
        ("ollama", "0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("ollama", "0.0.0.0:99", "http://127.0.0.1:99/v1"),
        ("ollama", "box", "http://box:11434/v1"),
        ("ollama", "http://box:8080/", "http://box:8080/v1"),
        ("ollama", "https://ollama.example.com", "https://ollama.example.com/v1"),
        ("groq", "https://gate.example.com", "https://gate.example.com/openai/v1"),
        ("azure", "https://mine.openai.azure.com/", "https://mine.openai.azure.com/openai/v1"),
        ("deepseek", "", "https://api.deepseek.com"),
    ],
)
def test_an_address_is_made_whole(kind: str, written: str, base: str) -> None:
    assert address(kind, written).base == base


@pytest.mark.parametrize("written", ["ftp://x/v1", "http://", "https://[::1", "http://x:port/"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(SettingsError) as raised:
        address("openai", written)
    assert raised.value.detail == "bad_url"


def test_what_only_the_user_can_know_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="azure has no address"):
        address("azure")
    with pytest.raises(SettingsError, match="workersai needs its account_id"):
        address("workersai")


def test_accounts_and_gateways_are_part_of_the_address() -> None:
    assert address("workersai", account_id="a/b").base.endswith("/accounts/a%2Fb/ai/v1")
    assert address("cloudflare", account_id="acc").base.endswith("/v1/acc/default/compat")
    assert address("cloudflare", account_id="acc", gateway_id="g").base.endswith("/v1/acc/g/compat")


def test_paths_of_the_table_are_filled_in() -> None:
    assert address("ollama").url("{root}/api/tags") == "http://127.0.0.1:11434/api/tags"
    assert address("openai").url("{base}/models") == "https://api.openai.com/v1/models"
    assert address("deepseek").url("{root}/beta/chat/completions") == "https://api.deepseek.com/beta/chat/completions"


def test_azure_is_asked_by_deployment_where_a_version_is_set() -> None:
    config = ProviderConfig("azure", "azure", "https://mine.openai.azure.com", api_version="2024-10-21")
    dialect = dialect_of(config)
    url = address_of(config, dialect).url(chat_path(config, dialect), "my model")
    assert url == (
        "https://mine.openai.azure.com/openai/deployments/my%20model/chat/completions?api-version=2024-10-21"
    )
    plain = ProviderConfig("azure", "azure", "https://mine.openai.azure.com")
    assert chat_path(plain, dialect_of(plain)) == "{base}/chat/completions"


def test_openais_own_ways_hold_at_openai_only() -> None:
    assert dialect_of(ProviderConfig("a", "openai")).max_tokens_field == "max_completion_tokens"
    assert dialect_of(ProviderConfig("a", "openai", "https://eu.api.openai.com/v1")).takes_files
    assert dialect_of(ProviderConfig("a", "openai", "https://llm.example.com")).max_tokens_field == "max_tokens"


@pytest.mark.parametrize(
    ("base", "loopback", "plain"),
    [
        ("http://127.0.0.1:1/v1", True, False),
        ("http://localhost/v1", True, False),
        ("http://[::1]/v1", True, False),
        ("http://192.168.1.5/v1", False, True),
        ("http://127.0.0.1.example.com/v1", False, True),
        ("https://x/v1", False, False),
    ],
)
def test_it_is_known_what_is_this_machine_and_what_can_be_overheard(base: str, loopback: bool, plain: bool) -> None:
    assert (Address(base).is_loopback, Address(base).is_unencrypted) == (loopback, plain)


def test_the_same_server_is_the_same_scheme_host_and_port() -> None:
    here = Address("https://me@x:1/v1")
    assert here.same_origin("https://x:1/other")
    assert not here.same_origin("http://x:1/v1")
    assert not here.same_origin("https://x:2/v1")
    assert not here.same_origin("https://x.evil:1/v1")
