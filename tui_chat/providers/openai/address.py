"""Where a server of the OpenAI-compatible wire listens: what users write becomes one clean address. Pure."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from tui_chat.core.error import SettingsError
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.dialects import AZURE_BY_DEPLOYMENT, DIALECTS, OTHER, Dialect


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address with everything that follows from it."""

    base: str
    """Without a slash at its end."""
    api_version: str = ""

    @property
    def parts(self) -> SplitResult:
        """Its parts."""
        return urlsplit(self.base)

    @property
    def host(self) -> str:
        """The machine, as it may be shown."""
        return self.parts.hostname or ""

    @property
    def place(self) -> str:
        """Its host, with the port where one is named: what a person looks for when nobody answers."""
        return f"{self.host}:{self.parts.port}" if self.parts.port else self.host

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_plain(self) -> bool:
        """Whether what is sent can be read on the way."""
        return self.parts.scheme != "https" and not self.is_loopback

    def at(self, path: str, model: str = "") -> str:
        """A path of the dialect table in full."""
        root = self.base.removesuffix("/v1").removesuffix("/beta")
        filled = path.replace("{base}", self.base).replace("{root}", root)
        return filled.replace("{model}", quote(model, safe="")).replace("{api_version}", quote(self.api_version))

    def same_origin(self, url: str) -> bool:
        """Whether that address is on the same server, so that the key may go there."""
        other = urlsplit(url)
        return (other.scheme, other.netloc.rpartition("@")[2]) == (
            self.parts.scheme,
            self.parts.netloc.rpartition("@")[2],
        )


def dialect_of(config: ProviderConfig) -> Dialect:
    """The facts of that provider; OpenAI's own hold at OpenAI's own address only."""
    if config.kind == "openai" and config.base_url and not _host_of(config.base_url).endswith(".openai.com"):
        return OTHER
    return DIALECTS[config.kind]


def chat_path(config: ProviderConfig, dialect: Dialect) -> str:
    """Where that provider is asked."""
    return AZURE_BY_DEPLOYMENT if config.kind == "azure" and config.api_version else dialect.chat_path


def address_of(config: ProviderConfig, dialect: Dialect) -> Address:
    """The address a user wrote, or the dialect's own, made whole. `SettingsError` where none can be made."""
    if config.base_url.strip():
        return Address(_clean(config.base_url, dialect), config.api_version)
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


def _clean(written: str, dialect: Dialect) -> str:
    """Scheme, host and port filled in, a pasted `/chat/completions` taken off, and a path where there is none."""
    url = written.strip()
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
    shown = f"[{host}]" if ":" in host else host
    near = dialect.plain_port is not None or Address(f"http://{shown}").is_loopback
    scheme = parts.scheme or ("http" if near else "https")
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    netloc = f"{login}{shown}{f':{port}' if port else ''}"
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((scheme, netloc, path or dialect.own_path, "", ""))
