"""Where data, settings, logs and caches live. Knows the system's conventions and two environment variables."""

import os
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs(appname="tui-chat", appauthor=False)
DATA_DIR_VARIABLE = "TUI_CHAT_DATA_DIR"
CONFIG_VARIABLE = "TUI_CHAT_CONFIG"


def data_dir() -> Path:
    """The folder of the database and its backups."""
    return _from(DATA_DIR_VARIABLE) or Path(_DIRS.user_data_dir)


def config_file() -> Path:
    """The user's settings, whether the file exists or not."""
    return _from(CONFIG_VARIABLE) or Path(_DIRS.user_config_dir) / "config.toml"


def log_dir() -> Path:
    """The folder of the log."""
    return Path(_DIRS.user_log_dir)


def cache_dir() -> Path:
    """The folder of what may be deleted at any time."""
    return Path(_DIRS.user_cache_dir)


def make_private(folder: Path) -> None:
    """Make the folder and all that is missing above it for this user alone, whatever the umask."""
    for made in (*reversed([above for above in folder.parents if not above.exists()]), folder):
        made.mkdir(0o700, exist_ok=True)


def _from(variable: str) -> Path | None:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().absolute() if value else None
