-- The hub: what `tui-chat sync init` installs into the schema `tui_chat` of a PostgreSQL database (13 or later).
-- It runs as the owner of the schema, in one transaction. Functions carry their version; a later hub keeps the old ones.

CREATE FUNCTION tui_chat.version() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';

CREATE TABLE tui_chat.space (
  id uuid PRIMARY KEY,
  last bigint NOT NULL DEFAULT 0,          -- the newest sequence number; its row is locked until a push commits
  key_check bytea NOT NULL);               -- proves that a client has the key of this space
CREATE TABLE tui_chat.member (
  space uuid NOT NULL REFERENCES tui_chat.space ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  role name NOT NULL,
  PRIMARY KEY (role, space));
CREATE TABLE tui_chat.device (
  space uuid NOT NULL REFERENCES tui_chat.space ON DELETE CASCADE,
  id bytea NOT NULL CHECK (octet_length(id) = 8),
  name bytea NOT NULL CHECK (octet_length(name) < 1024),  -- sealed
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (space, id));
CREATE TABLE tui_chat.mark (               -- one a push: a client whose mark is unknown knows that the hub went back
  space uuid NOT NULL REFERENCES tui_chat.space ON DELETE CASCADE,
  seq bigint NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (space, seq));
CREATE TABLE tui_chat.record (
  space uuid NOT NULL REFERENCES tui_chat.space ON DELETE CASCADE,
  seq bigint NOT NULL,
  counter bigint NOT NULL,
  rank smallint NOT NULL,
  kind smallint NOT NULL,
  key bytea NOT NULL CHECK (octet_length(key) = 16),
  room bytea NOT NULL CHECK (octet_length(room) = 16),
  device bytea NOT NULL CHECK (octet_length(device) = 8),
  body bytea NOT NULL,                     -- sealed
  PRIMARY KEY (space, key));
ALTER TABLE tui_chat.record ALTER COLUMN body SET STORAGE EXTERNAL;  -- sealed text cannot be compressed
CREATE UNIQUE INDEX record_feed ON tui_chat.record (space, seq);
CREATE INDEX record_room ON tui_chat.record (space, room);

-- No login has a right on a table. If one gets it all the same, it sees its own spaces only.
ALTER TABLE tui_chat.space ENABLE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.space FORCE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.member ENABLE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.member FORCE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.device ENABLE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.device FORCE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.mark ENABLE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.mark FORCE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.record ENABLE ROW LEVEL SECURITY;
ALTER TABLE tui_chat.record FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tui_chat.member USING (role = session_user);
CREATE POLICY own ON tui_chat.space USING (id IN (SELECT m.space FROM tui_chat.member m WHERE m.role = session_user));
CREATE POLICY own ON tui_chat.device USING (space IN (SELECT m.space FROM tui_chat.member m WHERE m.role = session_user));
CREATE POLICY own ON tui_chat.mark USING (space IN (SELECT m.space FROM tui_chat.member m WHERE m.role = session_user));
CREATE POLICY own ON tui_chat.record USING (space IN (SELECT m.space FROM tui_chat.member m WHERE m.role = session_user));

-- Membership goes by `session_user`, which SET ROLE does not change. A space that does not exist gives the same error.
CREATE FUNCTION tui_chat.admit(s uuid, proof bytea) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE expected bytea;
BEGIN
  SELECT sp.key_check INTO expected FROM tui_chat.space sp JOIN tui_chat.member m ON m.space = sp.id
    WHERE sp.id = s AND m.role = session_user;
  IF NOT FOUND THEN RAISE EXCEPTION 'no such space for this login' USING ERRCODE = 'TC003'; END IF;
  IF expected <> proof THEN RAISE EXCEPTION 'another key' USING ERRCODE = 'TC002'; END IF;
END $$;

CREATE FUNCTION tui_chat.spaces_1() RETURNS TABLE (id uuid, records bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT m.space, (SELECT count(*) FROM tui_chat.record r WHERE r.space = m.space) FROM tui_chat.member m
    WHERE m.role = session_user
$$;

CREATE FUNCTION tui_chat.create_space_1(s uuid, proof bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO tui_chat.member (space, role) VALUES (s, session_user);
  INSERT INTO tui_chat.space (id, key_check) VALUES (s, proof);
$$;

CREATE FUNCTION tui_chat.greet_1(s uuid, proof bytea, own bytea, own_name bytea)
  RETURNS TABLE (id bytea, name bytea, seen_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM tui_chat.admit(s, proof);
  INSERT INTO tui_chat.device AS d (space, id, name) VALUES (s, own, own_name)
    ON CONFLICT (space, id) DO UPDATE SET (name, seen_at) = (EXCLUDED.name, now());
  RETURN QUERY SELECT d.id, d.name, d.seen_at FROM tui_chat.device d WHERE d.space = s;
END $$;

CREATE FUNCTION tui_chat.leave_1(s uuid, proof bytea, own bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM tui_chat.admit(s, proof);
  DELETE FROM tui_chat.device d WHERE d.space = s AND d.id = own;
END $$;

CREATE FUNCTION tui_chat.push_1(s uuid, proof bytea, kinds smallint[], keys bytea[], rooms bytea[],
    ranks smallint[], counters bigint[], devices bytea[], bodies bytea[], seen bigint)
  RETURNS TABLE (was bigint, last bigint, mark uuid, refused bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  before bigint; n int := cardinality(keys); no bytea[]; sign uuid := gen_random_uuid();
BEGIN
  PERFORM tui_chat.admit(s, proof);
  -- Numbers are given in the order of commits: one push a space at a time, so no reader ever skips one.
  SELECT sp.last INTO before FROM tui_chat.space sp WHERE sp.id = s FOR UPDATE;
  -- A purge has its room's own key. It is refused unless the purger has seen every record of the room.
  SELECT coalesce(array_agg(i.key), '{}') INTO no FROM unnest(keys, rooms, kinds) AS i (key, room, kind)
    WHERE (i.kind <> 9 AND EXISTS (
        SELECT FROM tui_chat.record r WHERE r.space = s AND r.key = i.room AND r.kind = 9))
      OR (i.kind = 9 AND EXISTS (
        SELECT FROM tui_chat.record r WHERE r.space = s AND r.room = i.room AND r.kind <> 9 AND r.seq > seen));
  DELETE FROM tui_chat.record r USING unnest(rooms, kinds) AS i (room, kind)
    WHERE i.kind = 9 AND NOT i.room = ANY (no) AND r.space = s AND r.room = i.room AND r.kind <> 9;
  INSERT INTO tui_chat.record AS r (space, seq, counter, rank, kind, key, room, device, body)
    SELECT s, before + i.n, i.counter, i.rank, i.kind, i.key, i.room, i.device, i.body
    FROM unnest(kinds, keys, rooms, ranks, counters, devices, bodies) WITH ORDINALITY
      AS i (kind, key, room, rank, counter, device, body, n)
    WHERE NOT i.key = ANY (no)
    ORDER BY i.n
  ON CONFLICT (space, key) DO UPDATE SET (seq, counter, rank, kind, device, body)
      = (EXCLUDED.seq, EXCLUDED.counter, EXCLUDED.rank, EXCLUDED.kind, EXCLUDED.device, EXCLUDED.body)
    WHERE (EXCLUDED.rank, EXCLUDED.counter, EXCLUDED.device) > (r.rank, r.counter, r.device) AND r.kind <> 9;
  UPDATE tui_chat.space sp SET last = before + n WHERE sp.id = s;
  INSERT INTO tui_chat.mark VALUES (s, before + n, sign);
  PERFORM pg_notify('tui_chat', s::text);
  RETURN QUERY SELECT before, before + n, sign, no;
END $$;

-- With each row comes the mark of the push in which the page ends: the smallest one at or after its last number.
CREATE FUNCTION tui_chat.pull_1(s uuid, proof bytea, since bigint, known_seq bigint, known_id uuid, most int,
    most_bytes bigint)
  RETURNS TABLE (seq bigint, kind smallint, key bytea, room bytea, rank smallint, counter bigint, device bytea,
    body bytea, mark_seq bigint, mark_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE upto bigint;
BEGIN
  PERFORM tui_chat.admit(s, proof);
  IF known_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM tui_chat.mark k WHERE k.space = s AND k.seq = known_seq AND k.id = known_id) THEN
    RAISE EXCEPTION 'the hub went back' USING ERRCODE = 'TC001';
  END IF;
  SELECT max(p.seq) INTO upto FROM (
      SELECT r.seq, octet_length(r.body) AS size, sum(octet_length(r.body)) OVER (ORDER BY r.seq) AS total
      FROM (SELECT * FROM tui_chat.record r WHERE r.space = s AND r.seq > since ORDER BY r.seq LIMIT most) r) p
    WHERE p.total - p.size < most_bytes;
  RETURN QUERY
    SELECT r.seq, r.kind, r.key, r.room, r.rank, r.counter, r.device, r.body, k.seq, k.id
    FROM (SELECT k.seq, k.id FROM tui_chat.mark k WHERE k.space = s AND k.seq >= upto ORDER BY k.seq LIMIT 1) k
      RIGHT JOIN tui_chat.record r ON true
    WHERE r.space = s AND r.seq > since AND r.seq <= upto ORDER BY r.seq;
END $$;

-- 4,096 buckets by the first 12 bits of the key: how many records, and a sum over their keys and stamps.
CREATE FUNCTION tui_chat.buckets_1(s uuid, proof bytea) RETURNS TABLE (bucket int, records bigint, total numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM tui_chat.admit(s, proof);
  RETURN QUERY SELECT get_byte(r.key, 0) * 16 + get_byte(r.key, 1) / 16, count(*), sum(
      (('x' || encode(substr(r.key, 3, 7), 'hex'))::bit(56)::bigint # (r.counter * 8 + r.rank)
        # ('x' || encode(substr(r.device, 1, 7), 'hex'))::bit(56)::bigint)::numeric)
    FROM tui_chat.record r WHERE r.space = s GROUP BY 1;
END $$;

CREATE FUNCTION tui_chat.stamps_1(s uuid, proof bytea, firsts bytea[], lasts bytea[])
  RETURNS TABLE (kind smallint, key bytea, rank smallint, counter bigint, device bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM tui_chat.admit(s, proof);
  RETURN QUERY SELECT r.kind, r.key, r.rank, r.counter, r.device
    FROM unnest(firsts, lasts) AS i (first, last)
    JOIN tui_chat.record r ON r.space = s AND r.key >= i.first AND r.key <= i.last;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tui_chat FROM PUBLIC;
