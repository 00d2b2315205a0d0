"""Loads the price list: the bundled one, or one that the user downloaded. Knows no prices of the user."""

import json
import logging
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui_chat.core.error import ProtocolBroken, StorageError, Unreachable
from tui_chat.core.known_price import PriceList
from tui_chat.pricing.price_list_rates import last_price_change

if TYPE_CHECKING:
    from genai_prices.types import Provider

_log = logging.getLogger(__name__)

_MAX_DOWNLOAD_BYTES = 64 * 1024 * 1024
_DOWNLOAD_TIMEOUT_S = 30.0
_REQUIRED_PROVIDERS = {"anthropic", "openai"}
_READ_ERRORS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, StopIteration, RecursionError)
"""What the library raises for a malformed list."""


@dataclass(frozen=True, slots=True)
class LoadedPriceList:
    providers: list["Provider"]
    source: str
    fetched_at: datetime | None = None

    def newest_change(self, until: date) -> date | None:
        """Return the day of the latest change of any price, up to a day."""
        changes = (last_price_change(model, until) for provider in self.providers for model in provider.models)
        return max((day for day in changes if day is not None), default=None)

    def summary(self, until: date) -> PriceList:
        """Return the description that is shown to the user."""
        models = sum(len(provider.models) for provider in self.providers)
        return PriceList(self.source, models, self.fetched_at, self.newest_change(until))


def _library_version() -> str:
    from importlib.metadata import version

    return version("genai-prices")


def load_price_list(cache_file: Path | None) -> LoadedPriceList:
    """Return the downloaded list, unless the bundled one is newer."""
    cached = None if cache_file is None else _read_cache(cache_file)
    if cached is None:
        return _bundled()
    downloaded, library = cached
    if library == _library_version():
        return downloaded
    bundled, today = _bundled(), datetime.now(UTC).date()
    is_older = (downloaded.newest_change(today) or date.min) < (bundled.newest_change(today) or date.min)
    return bundled if is_older else downloaded


def download_price_list(cache_file: Path | None, url: str | None = None) -> LoadedPriceList:
    """Download the current list and write it to the cache. A malformed list changes nothing."""
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    raw, now = _download(url or DEFAULT_UPDATE_URL), datetime.now(UTC)
    try:
        providers = json.loads(raw)
        price_list = _parse(providers, now)
    except _READ_ERRORS as error:
        raise ProtocolBroken(f"what was downloaded is no price list: {error}") from error
    if cache_file is not None:
        content = {"fetched_at": now.isoformat(), "library": _library_version(), "providers": providers}
        _write(cache_file, json.dumps(content).encode())
    return price_list


def _bundled() -> LoadedPriceList:
    from genai_prices.data import providers

    return LoadedPriceList(providers, f"genai-prices {_library_version()}")


def _read_cache(path: Path) -> tuple[LoadedPriceList, str] | None:
    """Return the downloaded list and the version of the library that downloaded it; `None` if it cannot be used."""
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
        fetched_at = datetime.fromisoformat(content["fetched_at"])
        return _parse(content["providers"], fetched_at), str(content["library"])
    except (OSError, *_READ_ERRORS) as error:
        _log.warning("the downloaded price list cannot be read, so the one that came along is used: %s", error)
        return None


def _parse(raw: object, fetched_at: datetime) -> LoadedPriceList:
    """Parse a downloaded list. Raises one of `_READ_ERRORS` if it is malformed."""
    from genai_prices.types import _providers_from_raw

    if not isinstance(raw, list):
        raise ValueError("not a list of providers")
    # Extractors are not needed here, and those of a newer list may make this library warn.
    without_extractors = [{key: value for key, value in provider.items() if key != "extractors"} for provider in raw]
    providers = _providers_from_raw(without_extractors)
    if missing := _REQUIRED_PROVIDERS - {provider.id for provider in providers if provider.models}:
        raise ValueError(f"nothing in it about {', '.join(sorted(missing))}")
    return LoadedPriceList(providers, f"genai-prices list of {fetched_at.date().isoformat()}", fetched_at)


def _download(url: str) -> bytes:
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_DOWNLOAD_TIMEOUT_S) as response:
            raw: bytes = response.read(_MAX_DOWNLOAD_BYTES + 1)
    except (OSError, ValueError, HTTPException) as error:
        raise Unreachable(f"the price list could not be downloaded: {error}") from error
    if len(raw) > _MAX_DOWNLOAD_BYTES:
        raise ProtocolBroken("what was downloaded is far too long for a price list")
    return raw


def _write(path: Path, content: bytes) -> None:
    """Replace the file atomically, readable by its owner only."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".prices-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(f"the price list could not be saved: {error}", detail="other") from error
