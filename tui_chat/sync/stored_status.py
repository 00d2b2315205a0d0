"""The state of sync, as it is stored in the database for the app. Loads no library."""

import logging
from datetime import datetime

from tui_chat.core.error import ChatError, StorageError
from tui_chat.core.sync_status import SYNC_STATE, SyncStatus
from tui_chat.storage.store import Store

log = logging.getLogger(__name__)


async def stored_status(store: Store) -> SyncStatus:
    return SyncStatus.from_state(await store.state(SYNC_STATE))


async def store_problem(store: Store, error: ChatError, now: datetime) -> bool:
    """Store what is in the way of an exchange; return whether it is another problem than before, and log that."""
    detail = _DETAILS.get(error.kind, error.detail)
    try:
        before = await stored_status(store)
        if (after := before.with_problem(detail, now)) != before:
            await store.set_state(SYNC_STATE, after.as_state)
        is_new = before.problem != detail
    except StorageError:  # the database itself is the problem
        is_new = True
    if is_new:
        log.warning("sync: %s: %s", detail, error.message)
    return is_new


_DETAILS = {"storage": "local", "settings": "not_installed"}
"""Errors of this machine: of its database, and of the libraries that are missing."""
