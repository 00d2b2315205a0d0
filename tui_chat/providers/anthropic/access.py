"""Finds the address of the Messages API, or of a gateway that offers it, and the headers with the key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from tui_chat.core.error import KeyRejected, SettingsError
from tui_chat.core.masking import Masker
from tui_chat.providers.anthropic.request import CURRENT_VERSION
from tui_chat.providers.config import ProviderConfig, is_loopback
from tui_chat.providers.provider_secrets import carries_secrets, masker_of

_DEFAULT_URL = "https://api.anthropic.com"
_KEY_HEADERS = {"": "authorization", "bearer": "authorization", "x-api-key": "x-api-key", "api-key": "api-key"}
_MIN_KEY_LENGTH = 8
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Access:
    """What requests need: the address, the headers with the key, and what masks secrets."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    """All headers that this program sets, including the one with the key."""
    masker: Masker = field(repr=False)
    """Removes the secrets of this provider from any text."""
    version: str = CURRENT_VERSION

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.base_url)

    @property
    def host_and_port(self) -> str:
        """The host, with the port where the address has one. Safe to show: it holds no login."""
        host = self.parts.hostname or ""
        return f"{host}:{self.parts.port}" if self.parts.port else host


def access_of(config: ProviderConfig) -> Access:
    """Find the key, which may be slow. Raises `KeyRejected` where there is none, else `SettingsError`."""
    base_url = _base_url(config)
    headers = {"anthropic-version": config.api_version or CURRENT_VERSION}
    key = config.find_key() if config.auth != "none" else None
    if key is not None:
        name = _KEY_HEADERS.get(config.auth, config.auth)
        headers[name] = f"Bearer {key.reveal()}" if name == "authorization" else key.reveal()
    extra_headers = config.find_headers()
    for name, value in extra_headers.items():
        headers[name.strip().lower()] = value.strip()
    has_key = key is not None or any(map(_may_be_the_key, extra_headers.items()))
    if not has_key and config.auth != "none" and not config.is_local:
        raise KeyRejected(f"no key: {config.key_source or 'ANTHROPIC_API_KEY'} is not set", detail="no_key")
    for name, value in headers.items():
        if _HEADER_NAME.fullmatch(name) is None or _HEADER_VALUE.fullmatch(value) is None:
            raise SettingsError(
                f"the header {name!r} of {config.name} holds what cannot be sent", detail="bad_header"
            )
    return Access(base_url, headers, masker_of(config, key, extra_headers), headers["anthropic-version"])


def _base_url(config: ProviderConfig) -> str:
    url = (config.base_url or _DEFAULT_URL).strip().rstrip("/").removesuffix("/messages").removesuffix("/v1")
    try:
        parts = urlsplit(url)
        host, scheme, _ = parts.hostname, parts.scheme, parts.port
    except ValueError:
        host = scheme = None
    if scheme not in ("http", "https") or not host:
        raise SettingsError(f"the address of {config.name} is no http address", detail="bad_url")
    if scheme == "http" and not config.allow_http and not is_loopback(host):
        sentence = f"the address of {config.name} is plain http, which would send the key unencrypted"
        raise SettingsError(sentence, detail="plain_http")
    return url


def _may_be_the_key(header: tuple[str, str]) -> bool:
    name, value = header
    return len(value) >= _MIN_KEY_LENGTH and carries_secrets(name)
