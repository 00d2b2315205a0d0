"""Collects what must not be shown of one provider: key, headers, what its address and the proxies' hold."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from urllib.request import getproxies

from tui_chat.core.masking import Masker
from tui_chat.core.provider import Model
from tui_chat.core.secret import Secret
from tui_chat.providers.config import ProviderConfig

_CARRIES_SECRETS = ("auth", "key", "token", "secret", "cookie", "password", "credential")
_SCHEMES = {"basic", "bearer", "digest", "token", "apikey"}


def carries_secrets(header: str) -> bool:
    """Whether a header by that name holds something to keep."""
    return any(word in header.lower() for word in _CARRIES_SECRETS)


def masker_of(config: ProviderConfig, key: Secret | None, headers: Mapping[str, str]) -> Masker:
    """Return what masks everything of this provider. `headers` are those of the settings, filled in."""
    secrets = [*config.find_secrets()]
    if key is not None:
        secrets.append(key.reveal())
    for name, value in headers.items():
        if carries_secrets(name):
            secrets += _in_header(value.strip())
    for url in (config.base_url, *getproxies().values()):
        secrets += _in_address(url)
    return Masker(secrets)


def masked_models(models: Iterable[Model], masker: Masker) -> tuple[Model, ...]:
    """Return the models without secrets that their server calls them by, each once; the provider's name is ours."""
    found: dict[str, Model] = {}
    for model in models:
        provider, _, name = model.ref.partition("/")
        ref = f"{provider}/{masker.mask_whole(name)}"
        found.setdefault(ref, replace(model, ref=ref, name=masker.mask_whole(model.name)))
    return tuple(found.values())


def _in_header(value: str) -> Iterable[str]:
    """Yield a header's value and the secrets within: after `Bearer`, or behind the `=` of a cookie."""
    scheme, _, behind = value.partition(" ")
    value = behind.strip() if scheme.lower() in _SCHEMES else value
    yield value
    for cookie in value.split(";"):
        _, _, behind = cookie.partition("=")
        yield behind.strip(" =")


def _in_address(url: str) -> Iterator[str]:
    with suppress(ValueError):
        parts = urlsplit(url if "://" in url else f"//{url}")
        yield from _in_login(parts)
        for _, value in parse_qsl(parts.query):
            yield value


def _in_login(parts: SplitResult) -> Iterator[str]:
    """Yield the password, or the name where it stands alone, and both as basic authentication sends them."""
    login, _, _ = parts.netloc.rpartition("@")
    if not login:
        return
    name, _, password = login.partition(":")
    yield password or name
    yield unquote(password or name)
    yield base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
