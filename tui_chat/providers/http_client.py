"""The HTTP client of a provider: certificates, proxy, logging. Knows no wire."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from urllib.parse import SplitResult

import httpx2

from tui_chat.core.error import SettingsError
from tui_chat.providers.config import is_loopback


def make_client(
    address: SplitResult,
    headers: Mapping[str, str],
    timeout: httpx2.Timeout,
    *,
    auth: httpx2.Auth | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> httpx2.AsyncClient:
    """Return a client for the server at this address. Loopback addresses bypass any proxy. Raises `SettingsError`."""
    for name in ("httpx2", "httpcore2"):
        # They log whole URLs, which may hold a password.
        logging.getLogger(name).setLevel(logging.WARNING)
    with suppress(ImportError):
        # The first request would load it on the event loop, for 20 ms; clients are made in a thread.
        import_module("anyio._backends._asyncio")
    is_local = is_loopback(address.hostname or "")
    try:
        return httpx2.AsyncClient(
            headers={"user-agent": "tui-chat", **headers},
            auth=auth,
            timeout=timeout,
            # Reading the system's certificates takes a fifth of a second, for nothing where there is no TLS.
            verify=not (is_local and address.scheme == "http"),
            trust_env=not is_local,
            transport=transport,
        )
    except OSError as error:
        reason = error.strerror or "the file holds none"
        sentence = f"the certificates that SSL_CERT_FILE names cannot be read: {reason}"
        raise SettingsError(sentence, detail="tls") from error
    except (ValueError, ImportError) as error:
        sentence = "the proxy that the environment names is of a kind that cannot be used"
        raise SettingsError(sentence, detail="proxy") from error
