"""The tables and triggers of sync. The triggers run within the transaction of each change, so none is forgotten.

A purge is no trigger: rows that a repair deletes must never be deleted on other machines.
"""

SYNC = """
CREATE TABLE sync (                         -- the replica on this machine; without a row the triggers do nothing
    one INTEGER PRIMARY KEY CHECK (one = 1),
    space TEXT NOT NULL,
    device BLOB NOT NULL,
    counter INTEGER NOT NULL,               -- Lamport clock
    cursor INTEGER NOT NULL,                -- how far the hub's feed was read
    mark_seq INTEGER,                       -- the newest push that the hub is known to have had
    mark_id TEXT,
    shared INTEGER,                         -- conversation.seq up to which all was put into the outbox; NULL: all
    applying INTEGER NOT NULL DEFAULT 0     -- 1 while records from the hub or repairs are written: those never leave
) STRICT;

CREATE TABLE outbox (                       -- what changed since it was last sent
    kind INTEGER NOT NULL,
    conversation TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,               -- the counter at the change; they are sent in this order
    PRIMARY KEY (conversation, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_oldest ON outbox (version, kind);

CREATE TABLE stamp (                        -- of fields, amended turns, and what the hub has of a conversation
    kind INTEGER NOT NULL,
    conversation TEXT NOT NULL,
    name TEXT NOT NULL,
    rank INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    device BLOB NOT NULL,
    value TEXT,                             -- the id of the head; date of a deletion and the ends that it saw
    PRIMARY KEY (conversation, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE authored (                     -- the order of turns on every machine
    turn INTEGER PRIMARY KEY REFERENCES turn (seq) ON DELETE CASCADE ON UPDATE CASCADE,
    made INTEGER NOT NULL,
    device BLOB NOT NULL
) STRICT;

CREATE TABLE waiting (                      -- records whose conversation or parent has not arrived
    kind INTEGER NOT NULL,
    conversation TEXT NOT NULL,
    name TEXT NOT NULL,
    needs TEXT,                             -- the id of the parent; NULL: the conversation
    is_ready INTEGER NOT NULL DEFAULT 0,    -- it has arrived
    rank INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    device BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (conversation, kind, name)
) STRICT;
CREATE INDEX waiting_ready ON waiting (is_ready) WHERE is_ready;

CREATE TABLE piece (                        -- parts of attached files that no turn uses yet
    conversation TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    n INTEGER NOT NULL,
    size INTEGER NOT NULL,                  -- of the whole file
    bytes BLOB NOT NULL,
    PRIMARY KEY (conversation, sha256, n)
) STRICT;

CREATE TABLE gone (                         -- purged conversations
    conversation TEXT PRIMARY KEY,
    turns BLOB NOT NULL                     -- short hashes of the turns that were purged
) STRICT, WITHOUT ROWID;

CREATE TABLE unread (                       -- records that this version of the program cannot read
    key BLOB PRIMARY KEY,
    room BLOB NOT NULL,
    kind INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    device BLOB NOT NULL,
    body BLOB NOT NULL,
    why TEXT NOT NULL
) STRICT;

CREATE TRIGGER sync_conversation_added AFTER INSERT ON conversation
WHEN (SELECT applying FROM sync) = 0 AND NEW.kept_here = 0 BEGIN
    UPDATE sync SET counter = min(counter, 9007199254740991) + 1;
    INSERT INTO stamp (kind, conversation, name, rank, counter, device, value)
        SELECT 3, NEW.id, field.name, field.rank, counter, device, field.value
        FROM sync, (
            SELECT 'title' AS name, CASE NEW.title_source WHEN 'user' THEN 2 WHEN 'model' THEN 1 ELSE 0 END AS rank,
                NEW.title != '' AS is_set, NULL AS value
            UNION ALL SELECT 'model', 0, NEW.model != '', NULL
            UNION ALL SELECT 'system', 0, NEW.system != '', NULL
            UNION ALL SELECT 'options', 0, NEW.options IS NOT NULL, NULL
            UNION ALL SELECT 'archived', 0, NEW.archived_at IS NOT NULL, NULL
            UNION ALL SELECT 'deleted', 0, NEW.deleted_at IS NOT NULL,
                NEW.deleted_at || ' '
        ) AS field WHERE field.is_set
        ON CONFLICT DO UPDATE SET (rank, counter, device, value) =
            (max(rank, excluded.rank), excluded.counter, excluded.device, excluded.value);
    INSERT INTO outbox (kind, conversation, name, version)
        SELECT 0, NEW.id, '', counter FROM sync
        UNION ALL SELECT 3, NEW.id, name, sync.counter FROM sync, stamp
            WHERE stamp.conversation = NEW.id AND kind = 3 AND stamp.counter = sync.counter
        ON CONFLICT DO UPDATE SET version = excluded.version;
END;

CREATE TRIGGER sync_conversation_changed AFTER UPDATE OF
    title, title_source, model, system, options, archived_at, deleted_at, head ON conversation
WHEN (SELECT applying FROM sync) = 0 AND NEW.kept_here = 0 AND (
    (OLD.title, OLD.title_source, OLD.model, OLD.system) IS NOT (NEW.title, NEW.title_source, NEW.model, NEW.system)
    OR (OLD.options, OLD.archived_at, OLD.deleted_at, OLD.head)
    IS NOT (NEW.options, NEW.archived_at, NEW.deleted_at, NEW.head)) BEGIN
    UPDATE sync SET counter = min(counter, 9007199254740991) + 1;
    INSERT INTO stamp (kind, conversation, name, rank, counter, device, value)
        SELECT 3, NEW.id, field.name, field.rank, counter, device, field.value
        FROM sync, (
            SELECT 'title' AS name, CASE NEW.title_source WHEN 'user' THEN 2 WHEN 'model' THEN 1 ELSE 0 END AS rank,
                (OLD.title, OLD.title_source) IS NOT (NEW.title, NEW.title_source) AS is_changed, NULL AS value
            UNION ALL SELECT 'model', 0, OLD.model IS NOT NEW.model, NULL
            UNION ALL SELECT 'system', 0, OLD.system IS NOT NEW.system, NULL
            UNION ALL SELECT 'options', 0, OLD.options IS NOT NEW.options, NULL
            UNION ALL SELECT 'archived', 0, OLD.archived_at IS NOT NEW.archived_at, NULL
            UNION ALL SELECT 'head', 0, OLD.head IS NOT NEW.head, (SELECT id FROM turn WHERE seq = NEW.head)
            UNION ALL SELECT 'deleted', 0, OLD.deleted_at IS NOT NEW.deleted_at,
                NEW.deleted_at || ' ' || coalesce((
                    SELECT group_concat(hex(id)) FROM turn WHERE conversation = NEW.seq AND NOT EXISTS (
                        SELECT 1 FROM turn AS child WHERE child.parent = turn.seq AND child.owner IS NULL)), '')
        ) AS field WHERE field.is_changed
        ON CONFLICT DO UPDATE SET (rank, counter, device, value) =
            (max(rank, excluded.rank), excluded.counter, excluded.device, excluded.value);
    INSERT INTO outbox (kind, conversation, name, version)
        SELECT 3, NEW.id, name, sync.counter FROM sync, stamp
            WHERE stamp.conversation = NEW.id AND kind = 3 AND stamp.counter = sync.counter
        ON CONFLICT DO UPDATE SET version = excluded.version;
END;

CREATE TRIGGER sync_turn_added AFTER INSERT ON turn
WHEN (SELECT applying FROM sync) = 0 AND (SELECT kept_here FROM conversation WHERE seq = NEW.conversation) = 0 BEGIN
    UPDATE sync SET counter = min(counter, 9007199254740991) + 1;
    INSERT INTO authored (turn, made, device) SELECT NEW.seq, counter, device FROM sync WHERE true
        ON CONFLICT DO NOTHING;
    INSERT INTO outbox (kind, conversation, name, version)
        SELECT 1, id, NEW.id, counter FROM sync, conversation WHERE seq = NEW.conversation AND NEW.owner IS NULL
        ON CONFLICT DO UPDATE SET version = excluded.version;
END;

CREATE TRIGGER sync_turn_changed AFTER UPDATE OF status ON turn
WHEN NEW.owner IS NULL AND (SELECT applying FROM sync) = 0
    AND (SELECT kept_here FROM conversation WHERE seq = NEW.conversation) = 0 BEGIN
    UPDATE sync SET counter = min(counter, 9007199254740991) + 1;
    INSERT INTO authored (turn, made, device) SELECT NEW.seq, counter, device FROM sync WHERE true
        ON CONFLICT DO NOTHING;
    -- A change after the end amends the turn; the end of a reply that is the head lets others open at it.
    INSERT INTO stamp (kind, conversation, name, rank, counter, device, value)
        SELECT 1, id, NEW.id, 0, counter, device, NULL FROM sync, conversation
            WHERE seq = NEW.conversation AND OLD.owner IS NULL
        UNION ALL SELECT 3, id, 'head', 0, counter, device, NEW.id FROM sync, conversation
            WHERE seq = NEW.conversation AND OLD.owner IS NOT NULL AND head = NEW.seq
        ON CONFLICT DO UPDATE SET (rank, counter, device, value) =
            (max(rank, excluded.rank), excluded.counter, excluded.device, excluded.value);
    INSERT INTO outbox (kind, conversation, name, version)
        SELECT 1, id, NEW.id, counter FROM sync, conversation WHERE seq = NEW.conversation
        UNION ALL SELECT 3, id, 'head', counter FROM sync, conversation
            WHERE seq = NEW.conversation AND OLD.owner IS NOT NULL AND head = NEW.seq
        ON CONFLICT DO UPDATE SET version = excluded.version;
END;

CREATE TRIGGER sync_side_request_added AFTER INSERT ON errand
WHEN (SELECT applying FROM sync) = 0 AND (SELECT kept_here FROM conversation WHERE seq = NEW.conversation) = 0 BEGIN
    INSERT INTO outbox (kind, conversation, name, version)
        SELECT 2, id, NEW.id, counter FROM sync, conversation WHERE seq = NEW.conversation
        ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER sync_file_attached AFTER INSERT ON attachment
WHEN (SELECT applying FROM sync) = 0 BEGIN
    INSERT INTO outbox (kind, conversation, name, version)
        SELECT 4, conversation.id, sha256, counter - 1  -- before the turn
        FROM sync, blob, turn JOIN conversation ON conversation.seq = turn.conversation
        WHERE blob.seq = NEW.blob AND turn.seq = NEW.turn AND kept_here = 0 AND NOT EXISTS (
            SELECT 1 FROM stamp WHERE stamp.conversation = conversation.id AND kind = 4 AND name = sha256)
        ON CONFLICT DO NOTHING;
END;
"""
