"""Where the API is and how one gets in: its address, its headers, its key. Needs no SDK and no network."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tui_chat.core.error import KeyRejected, SettingsError
from tui_chat.core.masking import Masker
from tui_chat.providers.anthropic.request import CURRENT_VERSION
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.masked_model import carries_secrets, masker_of

_HOME = "https://api.anthropic.com"
_KEY_HEADERS = {"": "authorization", "bearer": "authorization", "x-api-key": "x-api-key", "api-key": "api-key"}
_SHORTEST_KEY = 8
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Access:
    """Everything a client is made with."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    """All that are ours to set, the one with the key included."""
    masker: Masker = field(repr=False)
    """Takes out what must never be shown."""
    version: str = CURRENT_VERSION


def access_of(config: ProviderConfig) -> Access:
    """Looks for the key, which may take long. Raises `KeyRejected` where there is none, else `SettingsError`."""
    base_url = _base_url(config)
    headers = {"anthropic-version": config.api_version or CURRENT_VERSION}
    key = config.find_key() if config.auth != "none" else None
    if key is not None:
        name = _KEY_HEADERS.get(config.auth, config.auth)
        headers[name] = f"Bearer {key.reveal()}" if name == "authorization" else key.reveal()
    own_headers = config.find_headers()
    for name, value in own_headers.items():
        headers[name.strip().lower()] = value.strip()
    has_key = key is not None or any(map(_may_be_the_key, own_headers.items()))
    if not has_key and config.auth != "none" and not config.is_local:
        raise KeyRejected(f"no key: {config.key_source or 'ANTHROPIC_API_KEY'} is not set", detail="no_key")
    for name, value in headers.items():
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise SettingsError(
                f"the header {name!r} of {config.name} holds what cannot be sent", detail="bad_header"
            )
    return Access(base_url, headers, masker_of(config, key, own_headers), headers["anthropic-version"])


def _base_url(config: ProviderConfig) -> str:
    url = (config.base_url or _HOME).strip().rstrip("/").removesuffix("/messages").removesuffix("/v1")
    try:
        parts = urlsplit(url)
        host, scheme, _ = parts.hostname, parts.scheme, parts.port
    except ValueError:
        host = scheme = None
    if scheme not in ("http", "https") or not host:
        raise SettingsError(f"the address of {config.name} is no http address", detail="bad_url")
    if scheme == "http" and not config.allow_http and not _is_this_machine(host):
        sentence = f"the address of {config.name} is plain http, which would send the key for anybody to read"
        raise SettingsError(sentence, detail="plain_http")
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _may_be_the_key(header: tuple[str, str]) -> bool:
    name, value = header
    return len(value) >= _SHORTEST_KEY and carries_secrets(name)
