"""The price list itself: the one that came with the program, or a newer one downloaded when asked for.

Knows no model names and no user's prices.
"""

import json
import logging
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui_chat.core.error import ProtocolBroken, StorageError, Unreachable
from tui_chat.core.price_list import PriceList
from tui_chat.pricing.model_rates import changed_on

if TYPE_CHECKING:
    from genai_prices.types import Provider

_log = logging.getLogger(__name__)

_LONGEST_DOWNLOAD = 64 * 1024 * 1024
_DOWNLOAD_TIMEOUT_S = 30.0
_MUST_LIST = {"anthropic", "openai"}
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, AssertionError, StopIteration, RecursionError)
"""What the library raises over a list that is not one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in memory."""

    providers: list["Provider"]
    source: str
    fetched_at: datetime | None = None

    def newest_change(self, until: date) -> date | None:
        """The latest change of any price up to that day."""
        changes = (changed_on(model, until) for provider in self.providers for model in provider.models)
        return max((change for change in changes if change is not None), default=None)

    def described(self, until: date) -> PriceList:
        """What a person is told of it."""
        models = sum(len(provider.models) for provider in self.providers)
        return PriceList(self.source, models, self.fetched_at, self.newest_change(until))


def _library() -> str:
    """Which version of the library there is."""
    from importlib.metadata import version

    return version("genai-prices")


def newest_listing(stored_as: Path | None) -> Listing:
    """The downloaded list, unless the program has been given a newer one since."""
    stored = None if stored_as is None else _stored(stored_as)
    if stored is None:
        return _bundled()
    downloaded, library = stored
    if library == _library():
        return downloaded
    bundled, today = _bundled(), datetime.now(UTC).date()
    is_older = (downloaded.newest_change(today) or date.min) < (bundled.newest_change(today) or date.min)
    return bundled if is_older else downloaded


def download_listing(store_as: Path | None, url: str | None = None) -> Listing:
    """Fetch the list as it is now and keep it for later; a bad one leaves everything as it was."""
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    raw, now = _download(url or DEFAULT_UPDATE_URL), datetime.now(UTC)
    try:
        providers = json.loads(raw)
        listing = _read(providers, now)
    except _UNREADABLE as error:
        raise ProtocolBroken(f"what was downloaded is no price list: {error}") from error
    if store_as is not None:
        kept = {"fetched_at": now.isoformat(), "library": _library(), "providers": providers}
        _write(store_as, json.dumps(kept).encode())
    return listing


def _bundled() -> Listing:
    from genai_prices.data import providers

    return Listing(providers, f"genai-prices {_library()}")


def _stored(path: Path) -> tuple[Listing, str] | None:
    """The downloaded list, and the version of the library at that time; `None` if there is none to be used."""
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_bytes())
        return _read(kept["providers"], datetime.fromisoformat(kept["fetched_at"])), str(kept["library"])
    except (OSError, *_UNREADABLE) as error:
        _log.warning("the downloaded price list cannot be read, so the one that came along is used: %s", error)
        return None


def _read(raw: object, fetched_at: datetime) -> Listing:
    """A downloaded list; raises when it is none."""
    from genai_prices.types import _providers_from_raw

    if not isinstance(raw, list):
        raise ValueError("not a list of providers")
    # How replies' usage is read is of no use here, and a newer list may hold rules this library warns about.
    slim = [{key: value for key, value in provider.items() if key != "extractors"} for provider in raw]
    providers = _providers_from_raw(slim)
    if lacking := _MUST_LIST - {provider.id for provider in providers if provider.models}:
        raise ValueError(f"nothing in it about {', '.join(sorted(lacking))}")
    return Listing(providers, f"genai-prices list of {fetched_at.date().isoformat()}", fetched_at)


def _download(url: str) -> bytes:
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_DOWNLOAD_TIMEOUT_S) as reply:
            raw: bytes = reply.read(_LONGEST_DOWNLOAD + 1)
    except (OSError, ValueError, HTTPException) as error:
        raise Unreachable(f"the price list could not be downloaded: {error}") from error
    if len(raw) > _LONGEST_DOWNLOAD:
        raise ProtocolBroken("what was downloaded is far too long for a price list")
    return raw


def _write(path: Path, content: bytes) -> None:
    """Put the file in place whole or not at all, readable by its owner only."""
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
