"""Paths of data, settings, logs and caches, by the system's conventions and two environment variables."""

import os
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs(appname="tui-chat", appauthor=False)
DATA_DIR_VARIABLE = "TUI_CHAT_DATA_DIR"
CONFIG_VARIABLE = "TUI_CHAT_CONFIG"


def data_dir() -> Path:
    """Return the folder of the database and its backups."""
    return _from(DATA_DIR_VARIABLE) or Path(_DIRS.user_data_dir)


def config_file() -> Path:
    """Return the path of the user's settings, whether the file exists or not."""
    return _from(CONFIG_VARIABLE) or Path(_DIRS.user_config_dir) / "config.toml"


def log_dir() -> Path:
    return Path(_DIRS.user_log_dir)


def cache_dir() -> Path:
    """Return the folder of files that may be deleted at any time."""
    return Path(_DIRS.user_cache_dir)


def make_private(folder: Path) -> None:
    """Create the folder and its missing parents for this user alone, whatever the umask."""
    for made in (*reversed([above for above in folder.parents if not above.exists()]), folder):
        made.mkdir(0o700, exist_ok=True)


def _from(variable: str) -> Path | None:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().absolute() if value else None
