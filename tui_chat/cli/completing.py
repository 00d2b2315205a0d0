"""What the shell may complete: conversations and models that were seen before. Never asks anybody, never fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_chat.core.error import ChatError

_MOST = 200


def conversations(incomplete: str) -> list[tuple[str, str]]:
    """Ids that begin so, last used first, with their titles."""
    from tui_chat.core.clean import clean_line
    from tui_chat.storage.glance import glance
    from tui_chat.storage.library import Asked

    page = _from_database(lambda path: list(glance(path, Asked(limit=_MOST)))) or []
    return [(one.id, clean_line(one.title)) for one in page if one.id.startswith(incomplete)]


def models(incomplete: str) -> list[str]:
    """Models that were chosen lately, then all that a provider named when it was last asked."""
    from tui_chat.storage.glance import remembered

    recent = _from_database(lambda path: remembered(path, "recent_models")) or []
    seen = _from_database(lambda path: remembered(path, "models")) or {}
    named = [one["ref"] for answers in seen.values() for one in answers]
    return [ref for ref in dict.fromkeys([*recent, *named, "demo/tour"]) if ref.startswith(incomplete)]


def _from_database(read: Callable[[Path], Any]) -> Any:
    from tui_chat.cli.start import GlobalFlags, begin
    from tui_chat.storage.files import DATABASE

    try:
        path = begin(GlobalFlags()).settings.data_dir / DATABASE
        return read(path) if path.exists() else None
    except ChatError:
        return None
