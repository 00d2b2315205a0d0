"""The tokens of clients: one in a private file for this user's own programs, and named ones of which only hashes
are kept. Knows no request."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tui_chat.core.error import FormatError, NotFound, SettingsError
from tui_chat.storage.private_files import make_private_directory, replace, temporary_file

TOKEN_FILE = "serve.token"
"""Holds the token of this user's own programs."""
NAMED_FILE = "tokens.json"
TOKEN_VARIABLE = "TUI_CHAT_TOKEN"
OWN_NAME = "default"
"""The name of the client that has the token of the file or the variable."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_LEAST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends a request."""

    name: str
    sees_all: bool = True
    """False where the token gives access to the client's own conversations only."""


@dataclass(frozen=True, slots=True)
class NamedToken:
    """A token by its hash."""

    client: Client
    sha256: str
    created_at: str


class TokenStore:
    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._variable = environ.get(TOKEN_VARIABLE, "").strip()
        self._stamp: object = None
        self._named: tuple[NamedToken, ...] = ()
        self._own_hash = ""

    @property
    def file(self) -> Path:
        """The path of the file with the token of this user's own programs."""
        return self._folder / TOKEN_FILE

    def own_token(self) -> tuple[str, bool]:
        """Return the token of the variable or the file, and whether the file was written just now."""
        if self._variable:
            if len(self._variable) < _LEAST_LENGTH:
                raise SettingsError(f"{TOKEN_VARIABLE} is shorter than {_LEAST_LENGTH} characters", detail="token")
            return self._take(self._variable), False
        if self.file.exists():
            token = self.file.read_text("ascii", "replace").strip()
            if len(token) < _LEAST_LENGTH:
                raise SettingsError(f"{self.file} holds no token; delete it, and a new one is made", detail="token")
            return self._take(token), False
        token = secrets.token_urlsafe(32)
        self._write(self.file, token + "\n")
        return self._take(token), True

    def _take(self, token: str) -> str:
        self._own_hash = _hash(token)
        return token

    @property
    def named(self) -> tuple[NamedToken, ...]:
        """The named tokens; the file is read again after a change."""
        path = self._folder / NAMED_FILE
        try:
            status = path.stat()
        except OSError:
            self._stamp, self._named = None, ()
            return ()
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        if stamp != self._stamp:
            self._named, self._stamp = _named_in(path), stamp
        return self._named

    def client_of(self, token: str) -> Client | None:
        """Return whose token it is, comparing hashes in constant time."""
        digest = _hash(token)
        found = None
        for known in self.named:
            if secrets.compare_digest(known.sha256, digest):
                found = known.client
        if self._own_hash and secrets.compare_digest(self._own_hash, digest):
            found = Client(OWN_NAME)
        return found

    def add(self, name: str, now: datetime, *, sees_all: bool) -> str:
        """Make a token with that name and return it: it cannot be shown again."""
        if _NAME.fullmatch(name) is None or name == OWN_NAME:
            raise SettingsError(f"{name!r} is no name for a token; use a-z, 0-9, - and .", detail="token")
        if any(known.client.name == name for known in self.named):
            raise SettingsError(f"there is a token {name} already; revoke it first", detail="token")
        token = secrets.token_urlsafe(32)
        added = NamedToken(Client(name, sees_all), _hash(token), now.isoformat(timespec="seconds"))
        self._save((*self.named, added))
        return token

    def revoke(self, name: str) -> None:
        """Make the token with that name invalid, also for a server that runs."""
        left = tuple(known for known in self.named if known.client.name != name)
        if len(left) == len(self.named):
            raise NotFound(f"no token {name}", detail="token")
        self._save(left)

    def _save(self, tokens: tuple[NamedToken, ...]) -> None:
        rows = [
            {
                "name": known.client.name,
                "scope": "all" if known.client.sees_all else "own",
                "sha256": known.sha256,
                "created_at": known.created_at,
            }
            for known in tokens
        ]
        self._write(self._folder / NAMED_FILE, json.dumps({"tokens": rows}, indent=2) + "\n")
        self._stamp = None

    def _write(self, path: Path, text: str) -> None:
        make_private_directory(self._folder)
        with temporary_file(self._folder) as temporary:
            temporary.write_text(text)
            replace(path, temporary)


def _named_in(path: Path) -> tuple[NamedToken, ...]:
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text())["tokens"]
        return tuple(
            NamedToken(Client(str(row["name"]), row["scope"] == "all"), str(row["sha256"]), str(row["created_at"]))
            for row in rows
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise FormatError(f"{path} is damaged; delete it and add the tokens again") from None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
