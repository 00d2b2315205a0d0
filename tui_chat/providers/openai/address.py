"""Turns the address that a user wrote into the URLs of a server. No I/O."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from tui_chat.core.error import SettingsError
from tui_chat.core.provider_presets import DIALECTS, UNKNOWN_SERVER, Dialect
from tui_chat.providers.config import ProviderConfig, is_loopback

RESPONSES_PATH = "{base}/responses"
_CHAT_ONLY = re.compile(r"-search-preview|-audio-preview|^gpt-audio")
"""OpenAI's models that the Responses API does not have."""


@dataclass(frozen=True, slots=True)
class Address:
    """The base URL of a server."""

    base: str
    """Without a trailing slash."""
    api_version: str = ""

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.base)

    @property
    def host(self) -> str:
        return self.parts.hostname or ""

    @property
    def host_and_port(self) -> str:
        """The host, with the port where the address has one. Safe to show: it holds no login."""
        return f"{self.host}:{self.parts.port}" if self.parts.port else self.host

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def is_unencrypted(self) -> bool:
        """Whether requests cross a network without TLS."""
        return self.parts.scheme != "https" and not self.is_loopback

    def url(self, path: str, model: str = "") -> str:
        """Return the URL for a path of a dialect, with its placeholders filled in."""
        root = self.base.removesuffix("/v1").removesuffix("/beta").removesuffix("/inference")
        filled = path.replace("{base}", self.base).replace("{root}", root)
        return filled.replace("{model}", quote(model, safe="")).replace("{api_version}", quote(self.api_version))

    def same_origin(self, url: str) -> bool:
        """Return whether the URL is on the same server, so that the key may be sent to it."""
        other = urlsplit(url)
        return (other.scheme, other.netloc.rpartition("@")[2]) == (
            self.parts.scheme,
            self.parts.netloc.rpartition("@")[2],
        )


def dialect_of(config: ProviderConfig) -> Dialect:
    """Return the dialect of a provider; OpenAI's own applies at OpenAI's address only."""
    if config.kind == "openai" and config.base_url and not _host_of(config.base_url).endswith(".openai.com"):
        return UNKNOWN_SERVER
    return DIALECTS[config.kind]


def chat_path(config: ProviderConfig, dialect: Dialect) -> str:
    return (dialect.versioned_chat_path if config.api_version else "") or dialect.chat_path


def uses_responses(config: ProviderConfig, dialect: Dialect, model: str) -> bool:
    """Return whether requests for a model go to the Responses API instead of chat completions."""
    if config.api != "auto":
        return config.api == "responses"
    return dialect.prefers_responses and not config.api_version and _CHAT_ONLY.search(model) is None


def address_of(config: ProviderConfig, dialect: Dialect) -> Address:
    """Return the normalized address from the settings, or the dialect's own. Raises `SettingsError`."""
    if config.base_url.strip():
        return Address(_normalize(config.base_url, dialect), config.api_version)
    if not dialect.base_url:
        raise SettingsError(f"{config.name} has no address: set its base_url", detail="bad_url")
    values = {"account_id": config.account_id, "gateway_id": config.gateway_id or "default"}
    base = dialect.base_url
    for name, value in values.items():
        if f"{{{name}}}" in base and not value:
            raise SettingsError(f"{config.name} needs its {name}", detail="bad_url")
        base = base.replace(f"{{{name}}}", quote(value, safe=""))
    return Address(base, config.api_version)


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url if "://" in url else f"https://{url}").hostname or "").lower()
    except ValueError:
        return ""


def _normalize(base_url: str, dialect: Dialect) -> str:
    """Fill in scheme, port and path where they are missing, and remove the pasted path of an API."""
    url = base_url.strip()
    has_scheme = "://" in url
    try:
        parts = urlsplit(url if has_scheme else f"//{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("the base_url is no address", detail="bad_url") from None
    if not host or (has_scheme and parts.scheme not in ("http", "https")):
        raise SettingsError("the base_url is no http address", detail="bad_url")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    if not has_scheme and port is None:
        port = dialect.plain_port
    bracketed = f"[{host}]" if ":" in host else host
    scheme = parts.scheme or ("http" if dialect.plain_port is not None or is_loopback(host) else "https")
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    netloc = f"{login}{bracketed}{f':{port}' if port else ''}"
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/responses")
    return urlunsplit((scheme, netloc, path or dialect.default_path, "", ""))
