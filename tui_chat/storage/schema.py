"""The tables, and the migrations from every earlier version. Knows no value of `core`."""

import sqlite3
from collections.abc import Callable, Sequence

from tui_chat.core.error import StorageError
from tui_chat.storage.sync_schema import SYNC

APPLICATION_ID = 0x54554943
"""`TUIC`, so that `file` and other programs can identify the database."""
CORE_TABLES = ("conversation", "turn")
"""Without these there is nothing to read."""
OLDEST_SQLITE = (3, 37, 0)
"""The first version with STRICT tables."""

_IMPOSSIBLE_VERSION = 10_000
"""No version will ever have this number; a larger one comes from damage."""

Migration = Callable[[sqlite3.Connection], None]

_TABLES = """
CREATE TABLE conversation (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    used INTEGER NOT NULL,              -- order of last use; grows even when the clock goes back
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,            -- the title without capitals
    title_source TEXT NOT NULL CHECK (title_source IN ('prompt', 'model', 'user')),
    model TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    archived_at TEXT,
    deleted_at TEXT,                    -- in the trash since
    shelf INTEGER NOT NULL GENERATED ALWAYS AS
        (CASE WHEN deleted_at IS NOT NULL THEN 2 WHEN archived_at IS NOT NULL THEN 1 ELSE 0 END) VIRTUAL,
    head INTEGER,                       -- turn.seq of the end of the branch that is shown
    turns INTEGER NOT NULL DEFAULT 0,
    cost_usd TEXT NOT NULL DEFAULT '0', -- exact decimal, over every branch
    known_replies INTEGER NOT NULL DEFAULT 0,
    unknown_replies INTEGER NOT NULL DEFAULT 0,
    estimated_replies INTEGER NOT NULL DEFAULT 0,
    origin_conversation TEXT,
    origin_turn TEXT,
    origin_source TEXT,
    origin_foreign_id TEXT,
    options TEXT,                       -- JSON
    draft TEXT NOT NULL DEFAULT '',
    system TEXT NOT NULL
) STRICT;
CREATE INDEX conversation_listed ON conversation (shelf, used, seq, title_key);
CREATE INDEX conversation_origin ON conversation (origin_source, origin_foreign_id)
    WHERE origin_foreign_id IS NOT NULL;

CREATE TABLE turn (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of turns, oldest first; never given twice
    conversation INTEGER NOT NULL REFERENCES conversation (seq) ON DELETE CASCADE,
    parent INTEGER REFERENCES turn (seq) DEFERRABLE INITIALLY DEFERRED,
    owner TEXT,                             -- the process a reply is coming in to; NULL once it has ended
    id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'cancelled', 'failed', 'interrupted')),
    created_at TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER,                   -- NULL in all of these: nothing was told
    cache_read_tokens INTEGER,
    cache_write_5m_tokens INTEGER,
    cache_write_1h_tokens INTEGER,
    output_tokens INTEGER,
    thinking_tokens INTEGER,
    web_searches INTEGER,
    usage_estimated INTEGER,
    billed_usd TEXT,                        -- exact decimal: what the provider itself says it charged
    cost_usd TEXT,                          -- exact decimal; NULL: unknown
    cost_estimated INTEGER,
    price TEXT,                             -- JSON: dollars a million tokens that were in force
    cost_billed INTEGER,                    -- the cost is what the provider said, not what the price makes of it
    stop_reason TEXT,
    stop_detail TEXT NOT NULL,
    fault TEXT,                             -- JSON
    request_id TEXT,
    ttft_ms INTEGER,
    duration_ms INTEGER,
    text TEXT NOT NULL,                     -- the prose
    parts TEXT                              -- JSON: all else, and where the prose stands; NULL: prose alone
) STRICT;
CREATE UNIQUE INDEX turn_id ON turn (id, conversation);
CREATE INDEX turn_conversation ON turn (conversation);
CREATE INDEX turn_parent ON turn (parent);
CREATE INDEX turn_used ON turn (created_at) WHERE input_tokens IS NOT NULL;
CREATE INDEX turn_unmetered ON turn (conversation) WHERE status = 'interrupted' AND input_tokens IS NULL;
CREATE INDEX turn_live ON turn (conversation, owner) WHERE owner IS NOT NULL;

CREATE TABLE checkpoint (                   -- what has arrived of a reply that is still coming in
    turn INTEGER NOT NULL REFERENCES turn (seq) ON DELETE CASCADE ON UPDATE CASCADE,
    n INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    deltas TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (turn, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE model (                        -- every model that has replied, by the number the search index has for it
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE prompt (                       -- what was typed, for the prompt box's history
    seq INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE state (                        -- what the program remembers: the last model, the theme, a draft …
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL                     -- JSON
) STRICT, WITHOUT ROWID;
"""

_SIDE_REQUESTS = """
CREATE TABLE errand (                       -- what was asked of a model beside the turns, such as for a title
    seq INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (seq) ON DELETE CASCADE,
    id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    model TEXT NOT NULL,
    created_at TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,          -- from here on as in turn
    cache_read_tokens INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    thinking_tokens INTEGER NOT NULL,
    web_searches INTEGER NOT NULL,
    usage_estimated INTEGER NOT NULL,
    billed_usd TEXT,
    cost_usd TEXT,
    cost_estimated INTEGER,
    price TEXT,
    cost_billed INTEGER
) STRICT;
CREATE UNIQUE INDEX errand_id ON errand (conversation, id);
CREATE INDEX errand_used ON errand (created_at);
"""

_TREE = """
CREATE VIEW tree AS                         -- SELECT text FROM tree WHERE title LIKE '%parser%';
SELECT conversation.id AS conversation, conversation.title AS title, conversation.updated_at AS updated_at, (
    WITH RECURSIVE walk (seq, depth, indent) AS (
        SELECT seq, 0, 0 FROM turn WHERE turn.conversation = conversation.seq AND parent IS NULL
        UNION ALL
        SELECT turn.seq, walk.depth + 1,
            walk.indent + ((SELECT count(*) FROM turn AS sibling WHERE sibling.parent = walk.seq) > 1)
        FROM walk JOIN turn ON turn.parent = walk.seq
        ORDER BY 2 DESC, 1 LIMIT -1  -- without a limit SQLite leaves the order out, and it leads depth first
    )
    SELECT group_concat(printf('%*s%s%s%s: %s', 4 * walk.indent, '', turn.role,
        CASE turn.model WHEN '' THEN '' ELSE ' ' || turn.model END,
        CASE turn.status WHEN 'complete' THEN '' ELSE ' (' || turn.status || ')' END,
        substr(replace(turn.text, char(10), ' '), 1, 120)), char(10))
    FROM walk JOIN turn ON turn.seq = walk.seq
) AS text
FROM conversation;
"""


_BLOBS = """
CREATE TABLE blob (                         -- the bytes of attached files, each file once
    seq INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE attachment (                   -- which turns use which bytes; name and type stand in turn.parts
    blob INTEGER NOT NULL REFERENCES blob (seq),
    turn INTEGER NOT NULL REFERENCES turn (seq) ON DELETE CASCADE ON UPDATE CASCADE,
    PRIMARY KEY (blob, turn)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_turn ON attachment (turn);
"""

_KEPT_HERE = "kept_here INTEGER NOT NULL DEFAULT 0"
"""The column that records that a conversation never leaves this machine; `ALTER TABLE` puts it after the last one."""
_LAST_COLUMN = "    system TEXT NOT NULL\n"
NEWEST = _TABLES.replace(_LAST_COLUMN, f"{_LAST_COLUMN}, {_KEPT_HERE}") + _SIDE_REQUESTS + _BLOBS + SYNC + _TREE
"""The statements of the newest version as SQLite keeps them; `schema_check` compares a file with them."""


def run_script(db: sqlite3.Connection, script: str) -> None:
    """Run every statement of a script, within the open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


def _create_tables(db: sqlite3.Connection) -> None:
    run_script(db, _TABLES)


def _add_side_requests(db: sqlite3.Connection) -> None:
    db.execute("DROP VIEW IF EXISTS tree")
    run_script(db, _SIDE_REQUESTS + _TREE)


def _allow_tools(db: sqlite3.Connection) -> None:
    """Change no table: turns may now hold tool calls that an earlier program would take for run or not run."""


def _move_files_out_of_turns(db: sqlite3.Connection) -> None:
    from tui_chat.storage import blobs  # only an upgrade needs it

    run_script(db, _BLOBS)
    blobs.move_bytes_out(db)


def _add_sync(db: sqlite3.Connection) -> None:
    db.execute(f"ALTER TABLE conversation ADD COLUMN {_KEPT_HERE}")
    run_script(db, SYNC)


SIDE_REQUESTS_SINCE = 2
"""The first version with the table `errand`."""
MIGRATIONS: tuple[Migration, ...] = (
    _create_tables,
    _add_side_requests,
    _allow_tools,
    _move_files_out_of_turns,
    _add_sync,
)
"""Step n brings a file from version n to n + 1. Released steps are never changed."""


def version_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def is_ours(db: sqlite3.Connection) -> bool:
    """Return whether the file is this program's, or still empty."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (things,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return bool(application == APPLICATION_ID or things == 0)


def refuse_foreign(db: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Raise for a file of another program and for one that a later version of this program has written."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 is needed", detail="other")
    if not is_ours(db):
        raise StorageError("the file is another program's database", detail="unsafe_path")
    version = version_of(db)
    if not 0 <= version < _IMPOSSIBLE_VERSION:
        raise StorageError("the database's version number makes no sense", detail="damaged")
    if version > len(migrations):
        raise StorageError(
            f"the database has version {version}; this program knows versions up to {len(migrations)}",
            detail="newer_schema",
        )


def migrate(db: sqlite3.Connection, migrations: Sequence[Migration]) -> int:
    """Run the missing migrations, all or none; return the version before.

    Another process may have run them since this one looked.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(db)
        for step in migrations[version:]:
            step(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(migrations)}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return version
