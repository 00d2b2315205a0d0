"""The configuration of one provider, as plain values. Does not know the settings they come from."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tui_chat.core.secret import Secret


def _no_key() -> Secret | None:
    return None


def _no_headers() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider: its wire, its address and its key."""

    name: str
    """The first half of its models' references."""
    kind: str
    """A name in `PRESETS`: `anthropic`, `demo`, or a server of the OpenAI wire."""
    base_url: str = ""
    """Empty for the default address of the kind."""
    find_key: Callable[[], Secret | None] = field(default=_no_key, repr=False)
    """Called in a thread when the provider is first used, since it may run a slow command."""
    has_key: bool = False
    """Whether `find_key` is expected to find a key."""
    key_source: str = ""
    """The environment variable that holds the key, or should hold it."""
    find_headers: Callable[[], Mapping[str, str]] = field(default=_no_headers, repr=False)
    """Extra headers, which may hold secrets."""
    find_secrets: Callable[[], Sequence[str]] = field(default=tuple, repr=False)
    """The values of `${VARIABLE}` in the headers; never shown, whatever the header's name."""
    auth: str = ""
    """How the key is sent: `bearer`, `x-api-key`, `api-key` or `none`; empty for the default of the kind."""
    api: str = "auto"
    """`chat`, `responses`, or `auto` for the one that the server prefers; for the OpenAI wire."""
    timeout_s: float = 600.0
    """Until the first byte of a response."""
    api_version: str = ""
    account_id: str = ""
    gateway_id: str = ""
    models: tuple[str, ...] = ()
    """For a server that cannot list its models."""
    allow_http: bool = False
    """Whether the key may be sent to another machine over plain http."""
    background: bool = False
    """Whether the server continues a reply when the connection is lost; it stores the reply. For Responses."""
    is_plugin: bool = False
    """Of another package, and without settings."""
    is_local: bool = False
    """Runs on this machine and needs no key."""


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
