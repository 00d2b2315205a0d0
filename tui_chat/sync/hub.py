"""The hub: a space of sealed records in a PostgreSQL database. The only file that knows psycopg.

Every call is one statement that commits by itself, so no lock is ever held while the network is waited for, and any
pooler will do. Nothing is prepared.
"""

import asyncio
import ipaddress
import os
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.numeric import Int2, Int8

from tui_chat.core.error import SyncError
from tui_chat.sync.protocol import HubWentBack, Mark, Pushed, SealedPage, SealedRecord
from tui_chat.sync.seal import SpaceKey

OWNER = "tui_chat_hub"
"""The role without a login that owns the tables, where the database lets one be made."""
CHANNEL = "tui_chat"
VERSION = 1
"""Of the newest hub that this program knows, and makes."""
_UPGRADES: dict[int, str] = {}
"""By version: the SQL that makes it of the version before. The functions of all versions before stay."""
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60.0
"""The longest wait for an answer; a slow link needs it for a whole page."""
_SOCKET = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_PASSWORD = re.compile(r"^(postgres(?:ql)?://[^:@/?]*):[^@/?]*(?=@)")
_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A machine that has been in contact with the hub."""

    id: bytes
    sealed_name: bytes
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """The sum over the records whose keys have the same first 12 bits."""

    records: int
    total: int


class PostgresHub:
    """A connection to one space, made at the first call and again after it broke."""

    def __init__(
        self, url: str, key: SpaceKey, password: str | None = None, *, answer_timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        self._url = url
        self._key = key
        self._password = password
        self._answer_timeout_s = answer_timeout_s
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def greet(self, device: bytes, sealed_name: bytes) -> list[KnownDevice]:
        """Report this machine to the hub; return every machine of the space."""
        rows = await self._call("greet_1", device, sealed_name)
        return [KnownDevice(*row) for row in rows]

    async def forget(self, device: bytes) -> None:
        """Remove this machine from the list of machines."""
        await self._call("leave_1", device)

    async def create_space(self) -> None:
        await self._call("create_space_1")

    async def spaces(self) -> dict[UUID, int]:
        """Return the spaces of this login, and how many records each has."""
        return dict(await self._query("SELECT * FROM tui_chat.spaces_1()", ()))

    async def pull(self, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        place = (None, None) if mark is None else (Int8(mark.seq), mark.id)
        rows = await self._call("pull_1", Int8(since), *place, most, Int8(most_bytes))
        records = tuple(
            SealedRecord(kind, key, room, rank, counter, device, body, seq)
            for seq, kind, key, room, rank, counter, device, body, _, _ in rows
        )
        found = rows[-1][-2:] if rows and rows[-1][-1] is not None else None
        return SealedPage(records, None if found is None else Mark(*found))

    async def push(self, records: Sequence[SealedRecord], seen: int) -> Pushed:
        """Store the records; `seen` is how far this machine has read, which decides about its purges."""
        ((was, last, mark, refused),) = await self._call(
            "push_1",
            [Int2(record.kind) for record in records],
            [record.key for record in records],
            [record.room for record in records],
            [Int2(record.rank) for record in records],
            [Int8(record.counter) for record in records],
            [record.device for record in records],
            [record.body for record in records],
            Int8(seen),
        )
        return Pushed(was, last, Mark(last, mark), frozenset(refused))

    async def buckets(self) -> dict[int, Bucket]:
        """Return the sums over all records; a bucket without records is missing."""
        rows = await self._call("buckets_1")
        return {bucket: Bucket(count, int(total)) for bucket, count, total in rows}

    async def stamps(self, buckets: Sequence[int]) -> list[SealedRecord]:
        """Return the keys and stamps of the records in those buckets; rooms and bodies are empty."""
        firsts = [(bucket << 4).to_bytes(2, "big").ljust(16, b"\0") for bucket in buckets]
        lasts = [(bucket << 4 | 15).to_bytes(2, "big").ljust(16, b"\xff") for bucket in buckets]
        rows = await self._call("stamps_1", firsts, lasts)
        return [SealedRecord(kind, key, b"", rank, counter, device, b"") for kind, key, rank, counter, device in rows]

    async def wait_for_push(self, timeout_s: float) -> bool:
        """Wait until the hub reports a push; false after the timeout. Only a hint: a pooler may swallow it."""
        with _errors_translated():
            connection = await self._connected()
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notice in connection.notifies(timeout=timeout_s, stop_after=1):
                return notice.payload == str(self._key.space)
        return False

    async def aclose(self) -> None:
        if (connection := self._connection) is not None:
            self._connection = None
            await connection.close()

    async def _call(self, function: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Call a function of the space with the proof of its key."""
        places = ", ".join(["%s"] * (2 + len(arguments)))
        query = f"SELECT * FROM tui_chat.{function}({places})"
        try:
            return await self._query(query, (self._key.space, self._key.check, *arguments))
        except SyncError as error:
            if error.detail == "not_set_up" and (version := await self._version()) is not None:
                message = f"the hub has version {version}, this program {VERSION}"
                raise SyncError(message, detail="newer_hub" if version > VERSION else "older_hub") from None
            raise

    async def _version(self) -> int | None:
        """Return the version of the hub; `None` if the database is none."""
        try:
            return int((await self._query("SELECT tui_chat.version()", ()))[0][0])
        except SyncError as error:
            if error.detail != "not_set_up":
                raise
            return None

    async def _query(self, query: str, arguments: Sequence[object]) -> list[tuple[Any, ...]]:
        try:
            with _errors_translated():
                async with asyncio.timeout(self._answer_timeout_s):
                    connection = await self._connected()
                    cursor = await connection.cursor(binary=True).execute(query.encode(), arguments)
                    return await cursor.fetchall()
        except TimeoutError:
            await self.aclose()
            raise SyncError(f"no answer within {self._answer_timeout_s:.0f} s", detail="silent") from None
        except asyncio.CancelledError:
            await self.aclose()  # its state is unknown
            raise

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await _connect(self._url, self._password)
        return self._connection


async def install(url: str, password: str | None = None) -> bool:
    """Install the hub's tables and functions; return false if they are there already.

    The login needs CREATE on the database. With CREATEROLE, or as superuser, the tables go to a role without a login,
    and this login may only call the functions; else it owns the tables.
    """
    with _errors_translated():
        async with await _connect(url, password) as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('tui_chat.install'))")
            cursor = await connection.execute("SELECT FROM pg_namespace WHERE nspname = 'tui_chat'")
            if cursor.rowcount:
                return False
            ((login,),) = await (await connection.execute("SELECT session_user")).fetchall()
            await _install(connection, sql.Identifier(login))
    return True


async def _install(connection: psycopg.AsyncConnection[Any], login: sql.Identifier) -> None:
    owner = await _make_owner(connection, login)
    statements = (Path(__file__).parent / "hub_schema.sql").read_text(encoding="utf-8")
    await connection.execute(sql.SQL("CREATE SCHEMA tui_chat AUTHORIZATION {}").format(owner))
    async with _acting_as(connection, owner, login):
        await connection.execute(statements.encode())
        await connection.execute(sql.SQL("GRANT USAGE ON SCHEMA tui_chat TO {}").format(login))
        await connection.execute(sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tui_chat TO {}").format(login))


@asynccontextmanager
async def _acting_as(
    connection: psycopg.AsyncConnection[Any], owner: sql.Identifier, login: sql.Identifier
) -> AsyncIterator[None]:
    """Have the role of the owner for a block, and not be its member after it."""
    await connection.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
    yield
    await connection.execute("RESET ROLE")
    if owner != login:
        with suppress(psycopg.Error):
            async with connection.transaction():
                await connection.execute(sql.SQL("REVOKE {} FROM {}").format(owner, login))


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The version that a hub had, and the one it has."""

    before: int
    after: int


async def upgrade(url: str, password: str | None = None) -> Upgrade:
    """Bring the hub to the version of this program, in one transaction; older programs work as before.

    The login is the one that installed the hub, or a superuser.
    """
    with _errors_translated():
        async with await _connect(url, password) as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('tui_chat.install'))")
            ((before,),) = await (await connection.execute("SELECT tui_chat.version()")).fetchall()
            if before > VERSION:
                raise SyncError(f"the hub has version {before}, this program {VERSION}", detail="newer_hub")
            if before < VERSION:
                await _upgrade(connection, before)
    return Upgrade(before, VERSION)


async def _upgrade(connection: psycopg.AsyncConnection[Any], before: int) -> None:
    names = "SELECT session_user, nspowner::regrole::text FROM pg_namespace WHERE nspname = 'tui_chat'"
    ((own, owned_by),) = await (await connection.execute(names)).fetchall()
    login, owner = sql.Identifier(own), sql.Identifier(owned_by)
    users = "SELECT DISTINCT grantee::regrole::text FROM pg_proc, aclexplode(proacl) WHERE oid = %s::regprocedure"
    logins = await (await connection.execute(users, ("tui_chat.version()",))).fetchall()
    if owner != login:
        await connection.execute(sql.SQL("GRANT {} TO {}").format(owner, login))
    async with _acting_as(connection, owner, login):
        for version in range(before + 1, VERSION + 1):
            await connection.execute(_UPGRADES[version].encode())
        for (name,) in logins:
            grant = sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tui_chat TO {}")
            await connection.execute(grant.format(sql.Identifier(name)))


async def _make_owner(connection: psycopg.AsyncConnection[Any], login: sql.Identifier) -> sql.Identifier:
    """Return the role that is to own the tables; the login itself where it may make none."""
    owner = sql.Identifier(OWNER)
    try:
        async with connection.transaction():
            cursor = await connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,))
            if not cursor.rowcount:
                await connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(owner))
            await connection.execute(sql.SQL("GRANT {} TO {}").format(owner, login))
    except errors.InsufficientPrivilege:
        return login
    return owner


async def _connect(url: str, password: str | None) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        connection_string(url, password), autocommit=True, prepare_threshold=None
    )


def connection_string(url: str, password: str | None = None) -> str:
    """Return the parameters of the connection: TLS with a checked name unless on this machine or set in the URL."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise SyncError(str(error), detail="bad_url") from None
    parameters: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "tui-chat", **_SOCKET}
    if not _is_local(given) and "sslmode" not in given:
        parameters |= {"sslmode": "verify-full", "sslrootcert": _certificates()}
    if password is not None:
        parameters["password"] = password
    return make_conninfo("", **parameters | given)


def without_password(url: str) -> tuple[str, str | None]:
    """Return the URL without the password in it, and the password."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise SyncError(str(error), detail="bad_url") from None
    if (password := given.pop("password", None)) is None:
        return url, None
    is_uri = (bare := _PASSWORD.sub(r"\1", url, count=1)) != url and "password" not in conninfo_to_dict(bare)
    return bare if is_uri else make_conninfo("", **given), str(password)


def _is_local(given: dict[str, Any]) -> bool:
    hosts = str(given.get("host") or given.get("hostaddr") or os.environ.get("PGHOST") or "")
    if not hosts:
        return "service" not in given
    return all(host.startswith(("/", "@")) or _is_loopback(host) for host in hosts.split(","))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _certificates() -> str:
    """Return the file of the trusted authorities; the bundled OpenSSL does not know where it is."""
    candidates = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_CERTIFICATES)
    return next((path for path in candidates if path and Path(path).exists()), "system")


_DETAILS: dict[type[psycopg.Error], str] = {
    errors.UndefinedFunction: "not_set_up",
    errors.InvalidSchemaName: "not_set_up",
    errors.InsufficientPrivilege: "no_right",
    errors.DiskFull: "hub_full",
    errors.ReadOnlySqlTransaction: "read_only",
    errors.TooManyConnections: "busy",
    errors.QueryCanceled: "silent",
    errors.FeatureNotSupported: "old_server",
}
_OWN_STATES = {"TC002": "wrong_key", "TC003": "no_member"}


@contextmanager
def _errors_translated() -> Iterator[None]:
    """Turn the errors of psycopg into those of this program."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate == "TC001":
            raise HubWentBack from None
        message = error.diag.message_primary or str(error).strip()
        raise SyncError(message, detail=_detail(error)) from None


def _detail(error: psycopg.Error) -> str:
    if error.sqlstate in _OWN_STATES:
        return _OWN_STATES[error.sqlstate]
    for kind, detail in _DETAILS.items():
        if isinstance(error, kind):
            return detail
    if error.sqlstate is not None:
        return "hub_failed"
    text, connection = str(error), error.pgconn
    if "certificate" in text or "SSL" in text:
        return "tls"
    if connection is not None and connection.needs_password:
        return "no_password"
    if "does not exist" in text:
        return "no_database"
    if connection is not None and connection.used_password and "FATAL" in text:
        return "password"
    return "away"
