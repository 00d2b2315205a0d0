"""Collects the secrets of one provider from its key, its headers, its address and the proxies."""

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

_SECRET_WORDS = ("auth", "key", "token", "secret", "cookie", "password", "credential")
_SCHEMES = {"basic", "bearer", "digest", "token", "apikey"}


def carries_secrets(header: str) -> bool:
    """Return whether a header with this name may hold a secret."""
    return any(word in header.lower() for word in _SECRET_WORDS)


def masker_of(config: ProviderConfig, key: Secret | None, headers: Mapping[str, str]) -> Masker:
    """Return the masker for all secrets of a provider. `headers` come from the settings, filled in."""
    secrets = [*config.find_secrets()]
    if key is not None:
        secrets.append(key.reveal())
    for name, value in headers.items():
        if carries_secrets(name):
            secrets += _secrets_in_header(value.strip())
    for url in (config.base_url, *getproxies().values()):
        secrets += _secrets_in_url(url)
    return Masker(secrets)


def masked_models(models: Iterable[Model], masker: Masker) -> tuple[Model, ...]:
    """Return the models with secrets in their names masked, each once. The provider's name stays as it is."""
    masked: dict[str, Model] = {}
    for model in models:
        provider, _, name = model.ref.partition("/")
        ref = f"{provider}/{masker.mask_whole(name)}"
        masked.setdefault(ref, replace(model, ref=ref, name=masker.mask_whole(model.name)))
    return tuple(masked.values())


def _secrets_in_header(value: str) -> Iterable[str]:
    """Yield the value of a header and the secrets in it: after `Bearer`, or after the `=` of a cookie."""
    scheme, _, rest = value.partition(" ")
    value = rest.strip() if scheme.lower() in _SCHEMES else value
    yield value
    for cookie in value.split(";"):
        _, _, cookie_value = cookie.partition("=")
        yield cookie_value.strip(" =")


def _secrets_in_url(url: str) -> Iterator[str]:
    with suppress(ValueError):
        parts = urlsplit(url if "://" in url else f"//{url}")
        yield from _secrets_in_login(parts)
        for _, value in parse_qsl(parts.query):
            yield value


def _secrets_in_login(parts: SplitResult) -> Iterator[str]:
    """Yield the password, or a name without one, and the login as basic authentication encodes it."""
    login, _, _ = parts.netloc.rpartition("@")
    if not login:
        return
    name, _, password = login.partition(":")
    yield password or name
    yield unquote(password or name)
    yield base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
