"""The commands of sync as a user types them, on two computers and a real PostgreSQL."""

import json
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from tests.sync.computers import Computer, canonical

pytestmark = [pytest.mark.real, pytest.mark.slow]


def wait_until(holds: Callable[[], bool], within_s: float = 40) -> None:
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def laptop(tmp_path: Path, database: str) -> Computer:
    """A computer with one conversation that syncs."""
    computer = Computer(tmp_path / "laptop")
    computer.ask("code for a rate limiter")
    computer.run("sync", "init", database)
    return computer


@pytest.fixture
def workstation(tmp_path: Path, laptop: Computer, database: str) -> Computer:
    """A second computer that has joined."""
    computer = Computer(tmp_path / "workstation")
    computer.run("sync", "join", database, "--key", "-", stdin=laptop.run("sync", "key"))
    return computer


def test_conversations_go_both_ways(laptop: Computer, workstation: Computer) -> None:
    assert canonical(workstation) == canonical(laptop)
    workstation.ask("shorter, please", "-c")
    assert "3 records sent" in workstation.run("sync")
    assert "3 received" in laptop.run("sync")
    assert canonical(workstation) == canonical(laptop)
    for computer in (laptop, workstation):
        assert computer.run("sync", "verify").startswith("All equal")


def test_status_shows_what_waits_and_why(laptop: Computer, workstation: Computer, postgres: Postgres) -> None:
    assert json.loads(laptop.run("sync", "status", "--json"))["to_send"] == 0
    postgres.stop()
    try:
        laptop.ask("table of engines")
        assert "The hub cannot be reached." in laptop.fail("sync")
        status = json.loads(laptop.run("sync", "status", "--json"))
        assert (status["problem"], status["to_send"] > 0) == ("away", True)
        text = laptop.run("sync", "status")
        assert f"{status['to_send']} to send, hub away since" in text
        assert len([line for line in text.splitlines() if line.startswith("machine")]) == 1
    finally:
        postgres.start()
    laptop.run("sync")
    workstation.run("sync")
    assert canonical(workstation) == canonical(laptop)
    assert len(json.loads(workstation.run("sync", "status", "--json"))["machines"]) == 2


def test_key_and_files_of_sync_are_private(laptop: Computer) -> None:
    for file in laptop.data.glob("*.sync-*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_password_of_the_url_is_kept_out_of_the_settings(laptop: Computer, tmp_path: Path, database: str) -> None:
    computer = Computer(tmp_path / "desktop")
    url = database.replace("postgres@", "postgres:hunter2@")
    done = computer.call("sync", "join", url, "--key", "-", stdin=laptop.run("sync", "key"))
    assert done.returncode == 0, done.stderr
    settings = (computer.home / ".config/tui-chat/config.toml").read_text()
    assert "hunter2" not in settings and database in settings
    assert (computer.data / "conversations.db.sync-password").read_text() == "hunter2"
    assert "hunter2" not in done.stdout + done.stderr + computer.run("config", "show")


def test_second_init_is_refused_and_writes_nothing(laptop: Computer, tmp_path: Path, database: str) -> None:
    assert "set up on this machine already" in laptop.fail("sync", "init", database)
    other = Computer(tmp_path / "other")
    assert "records of this login already" in other.fail("sync", "init", database)
    assert not list(other.data.glob("*"))
    other.ask("table of engines")
    assert "Synced" in other.run("sync", "init", database, "--new")
    laptop.run("sync")
    assert len(laptop.export()) == 1


def test_hub_of_another_version_is_named_and_nothing_is_lost(
    laptop: Computer, workstation: Computer, database: str, postgres: Postgres
) -> None:
    assert "already has version 1" in laptop.run("sync", "init", "--upgrade")
    name = database.partition("?")[0].rpartition("/")[2]
    version = "CREATE OR REPLACE FUNCTION tui_chat.version() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT {}'"
    postgres.run(version.format(2), database=name)
    laptop.ask("still works, as the functions are there")
    laptop.run("sync")
    assert "Update tui-chat" in laptop.fail("sync", "init", "--upgrade")
    postgres.run("ALTER FUNCTION tui_chat.push_1 RENAME TO push_9", database=name)
    laptop.ask("waits for the update")
    assert "The hub is newer than this program." in laptop.fail("sync")
    assert "Update tui-chat on this machine" in laptop.run("sync", "status")
    postgres.run("ALTER FUNCTION tui_chat.push_9 RENAME TO push_1", version.format(1), database=name)
    laptop.run("sync")
    workstation.run("sync")
    assert canonical(workstation) == canonical(laptop) and len(canonical(laptop)) == 3


def test_init_without_an_address_names_what_is_missing(tmp_path: Path) -> None:
    assert "postgresql://USER@HOST/DATABASE" in Computer(tmp_path / "laptop").fail("sync", "init")


def test_wrong_key_is_refused_before_anything_is_written(
    laptop: Computer, tmp_path: Path, database: str, postgres: Postgres
) -> None:
    from tui_chat.sync.seal import SpaceKey

    other = Computer(tmp_path / "other")
    other.ask("table of engines")
    right = SpaceKey.parse(laptop.run("sync", "key"))
    wrong = SpaceKey(right.space, SpaceKey.new().secret)
    before = [laptop.run("sync", "verify")]
    assert "The key is not that of the space" in other.fail("sync", "join", database, "--key", "-", stdin=wrong.text)
    assert "no such space" in other.fail("sync", "join", database, "--key", "-", stdin=SpaceKey.new().text)
    assert "not a key" in other.fail("sync", "join", database, "--key", "-", stdin="hello")
    assert [laptop.run("sync", "verify")] == before
    assert "not set up" in other.fail("sync", "status")
    assert not list(other.data.glob("*.sync-*"))
    key_file = laptop.data / "conversations.db.sync-key"
    key_file.write_text(wrong.text)
    laptop.ask("table of engines")
    assert "The key is not that of the space" in laptop.fail("sync")
    assert "sync failed" in laptop.run("sync", "status")
    key_file.write_text(right.text)
    assert "Synced" in laptop.run("sync")


def test_key_comes_from_a_command(laptop: Computer, tmp_path: Path) -> None:
    key_file = laptop.data / "conversations.db.sync-key"
    elsewhere = key_file.rename(tmp_path / "key.txt")
    assert "The key of this machine is missing." in laptop.fail("sync")
    settings = laptop.home / ".config/tui-chat/config.toml"
    with_command = settings.read_text().replace("[sync]", f'[sync]\nkey_cmd = ["cat", "{elsewhere}"]', 1)
    settings.write_text(with_command)
    assert "Synced" in laptop.run("sync")
    elsewhere.unlink()
    assert "A command for sync failed." in laptop.fail("sync")


def test_join_from_a_backup_downloads_only_what_is_new(laptop: Computer, tmp_path: Path, database: str) -> None:
    laptop.run("backup", str(tmp_path / "laptop.db"))
    laptop.ask("table of engines")
    laptop.run("sync")
    new = Computer(tmp_path / "new")
    joined = new.run(
        "sync", "join", database, "--key", "-", "--from", str(tmp_path / "laptop.db"), stdin=laptop.run("sync", "key")
    )
    assert "6 received" in joined
    devices = {json.loads(computer.run("sync", "status", "--json"))["device"] for computer in (laptop, new)}
    assert len(devices) == 2
    assert canonical(new) == canonical(laptop)
    new.ask("shorter, please", "-c")
    new.run("sync")
    laptop.run("sync")
    assert canonical(new) == canonical(laptop)
    assert "has conversations already" in Computer.fail(
        laptop_without_sync(laptop), "sync", "join", database, "--key", "-", "--from", str(tmp_path / "laptop.db"),
        stdin=new.run("sync", "key"),
    )  # fmt: skip


def laptop_without_sync(laptop: Computer) -> Computer:
    laptop.run("sync", "leave")
    return laptop


def test_restored_database_goes_on_as_another_machine(laptop: Computer, workstation: Computer) -> None:
    before = json.loads(laptop.run("sync", "status", "--json"))["device"]
    file = laptop.data / "conversations.db"
    old = file.read_bytes()
    laptop.ask("table of engines")
    laptop.run("sync")
    file.write_bytes(old)
    laptop.ask("something else")
    laptop.run("sync")
    assert json.loads(laptop.run("sync", "status", "--json"))["device"] != before
    workstation.run("sync")
    assert len(workstation.export()) == 3
    assert canonical(workstation) == canonical(laptop)


def test_leave_keeps_the_conversations_and_removes_the_key(laptop: Computer) -> None:
    before = canonical(laptop)
    assert "no longer syncs" in laptop.run("sync", "leave")
    assert canonical(laptop) == before
    assert not list(laptop.data.glob("*.sync-*"))
    assert "Sync is not set up" in laptop.fail("sync")
    assert "Sync is not set up" in laptop.fail("sync", "leave")


def test_verify_finds_and_mends_a_hole_made_by_hand(
    laptop: Computer, workstation: Computer, postgres: Postgres, database: str
) -> None:
    import psycopg

    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    postgres.run("DELETE FROM tui_chat.record WHERE kind = 1", database=name)
    report = laptop.run("sync", "verify")
    assert "2 records were missing on the hub" in report and "All equal now" in report
    assert workstation.run("sync", "verify").startswith("All equal")
    assert canonical(workstation) == canonical(laptop)


def test_altered_moved_and_restamped_records_are_reported_and_the_rest_goes_on(
    laptop: Computer, tmp_path: Path, postgres: Postgres, database: str
) -> None:
    import psycopg

    laptop.ask("table of engines")
    laptop.run("sync")
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    postgres.run(
        "WITH t AS (SELECT key, body, row_number() OVER (ORDER BY seq) AS n FROM tui_chat.record WHERE kind = 1)"
        " UPDATE tui_chat.record r SET body = CASE t.n WHEN 1 THEN set_byte(r.body, 40, get_byte(r.body, 40) # 1)"
        " WHEN 2 THEN (SELECT body FROM t WHERE n = 3) ELSE r.body END,"
        " counter = CASE t.n WHEN 4 THEN r.counter + 1 ELSE r.counter END FROM t WHERE t.key = r.key",
        database=name,
    )
    other = Computer(tmp_path / "other")
    report = other.run("sync", "join", database, "--key", "-", stdin=laptop.run("sync", "key"))
    assert "3 received but unreadable" in report
    assert len(other.export()) == 2
    assert "3 received but unreadable" in other.run("sync", "status")


# The process


def is_running(computer: Computer) -> bool:
    return bool(json.loads(computer.run("sync", "status", "--json"))["is_running"])


def test_followers_exchange_by_themselves_and_end_on_sigterm(laptop: Computer, workstation: Computer) -> None:
    with laptop.running("sync", "--follow") as one, workstation.running("sync", "--follow") as other:
        wait_until(lambda: is_running(laptop) and is_running(workstation))
        laptop.ask("table of engines")
        wait_until(lambda: len(json.loads(workstation.run("list", "--json"))) == 2)
        workstation.ask("shorter, please", "-c")
        wait_until(lambda: canonical(laptop) == canonical(workstation))
        for follower in (one, other):
            follower.send_signal(signal.SIGTERM)
            assert follower.wait(10) == 0
    assert not is_running(laptop)


def test_follower_ends_with_its_parent_and_sends_what_was_written_last(
    laptop: Computer, workstation: Computer
) -> None:
    with laptop.running("sync", "--follow", "--with-parent") as follower:
        wait_until(lambda: is_running(laptop))
        laptop.ask("table of engines")
        assert follower.stdin is not None
        follower.stdin.close()
        assert follower.wait(15) == 0
    workstation.run("sync")
    assert canonical(workstation) == canonical(laptop)


def test_second_follower_waits_for_the_first(laptop: Computer) -> None:
    with laptop.running("sync", "--follow") as first:
        wait_until(lambda: is_running(laptop))
        with laptop.running("sync", "--follow") as second:
            first.kill()
            first.wait(10)
            wait_until(lambda: is_running(laptop))
            second.terminate()
            assert second.wait(10) == 0


def test_follower_of_the_app_waits_for_a_key_that_is_missing_and_shows_that(laptop: Computer) -> None:
    key_file = laptop.data / "conversations.db.sync-key"
    key_file.rename(laptop.data / "elsewhere")
    assert "The key of this machine is missing." in laptop.fail("sync", "--follow")
    with laptop.running("sync", "--follow", "--with-parent") as follower:
        wait_until(lambda: "The key of this machine is missing." in laptop.run("sync", "status"))
        assert is_running(laptop)
        follower.terminate()
        assert follower.wait(10) == 0


def test_follower_that_a_user_starts_reports_a_hub_that_is_away_once(laptop: Computer, postgres: Postgres) -> None:
    postgres.stop()
    try:
        command = [sys.executable, "-m", "tui_chat", "sync", "--follow"]
        with subprocess.Popen(command, env=laptop.environment, stderr=subprocess.PIPE, text=True) as follower:
            wait_until(lambda: "hub away" in laptop.run("sync", "status"))
            time.sleep(2)
            follower.terminate()
            _, report = follower.communicate(timeout=10)
    finally:
        postgres.start()
    assert report.count("The hub cannot be reached.") == 1
