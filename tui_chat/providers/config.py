"""What the registry is told about one provider. Plain values; where they come from is not its business."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tui_chat.core.secret import Secret


def _no_key() -> Secret | None:
    return None


def _no_headers() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider by name: what it speaks, where it is, and how its key is found."""

    name: str
    """The first half of its models' references."""
    kind: str
    """What it speaks: `anthropic`, `demo`, or one of the dialects of the OpenAI-compatible wire."""
    base_url: str = ""
    """Empty for the kind's own address."""
    find_key: Callable[[], Secret | None] = field(default=_no_key, repr=False)
    """May run a command and so take long; called in a thread, when the provider is first used."""
    has_key: bool = False
    """Whether a key is to be expected, known without looking for it."""
    key_source: str = ""
    """Where the key is, or would have to be put: the name of a variable."""
    find_headers: Callable[[], Mapping[str, str]] = field(default=_no_headers, repr=False)
    """Extra headers, which may hold secrets."""
    find_secrets: Callable[[], Sequence[str]] = field(default=tuple, repr=False)
    """What `${VARIABLE}` stands for in the headers: never shown, whatever the header's name."""
    auth: str = ""
    """`bearer`, `x-api-key`, `api-key` or `none`; empty for what the kind is used to."""
    timeout_s: float = 600.0
    """To the first byte of an answer."""
    api_version: str = ""
    account_id: str = ""
    gateway_id: str = ""
    models: tuple[str, ...] = ()
    """Named by hand, where it cannot list them."""
    allow_http: bool = False
    """Whether the key may go over plain http to another machine."""
    is_local: bool = False
    """Runs on this machine and needs no key."""
