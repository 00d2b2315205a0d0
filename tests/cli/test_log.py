"""The log: private from its first byte, never too long, and without the words of anybody or a key."""

import asyncio
import gc
import logging
import os
import pickle
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_chat.cli import log
from tui_chat.cli.log import place_of, trace_of
from tui_chat.core.secret import Secret

SECRET_TEXT = "what a user wrote in confidence"
KEY = "sk-ant-canary-in-a-log"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The path of the log, with the default umask."""
    path = tmp_path / "state" / "tui-chat" / "tui-chat.log"
    root = logging.getLogger()
    before, level, hook = root.handlers[:], root.level, threading.excepthook
    monkeypatch.setattr(log, "log_path", lambda: path)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    umask = os.umask(0)
    try:
        log.start_log(debug=True)
        yield path
    finally:
        os.umask(umask)
        for handler in root.handlers:
            if handler not in before:
                handler.close()
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)
        threading.excepthook = hook


def modes(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def failing() -> ValueError:
    text = SECRET_TEXT
    try:
        try:
            raise KeyError(text)
        except KeyError as cause:
            raise ValueError(f"{text} {KEY}") from cause
    except ValueError as error:
        return error


def test_a_run_that_logs_nothing_makes_no_file(written: Path) -> None:
    assert not written.parent.parent.exists()


def test_it_and_its_folders_are_private_under_any_umask(written: Path) -> None:
    logging.getLogger("x").warning("one")
    assert (modes(written), modes(written.parent), modes(written.parent.parent)) == ("0o600", "0o700", "0o700")


def test_it_is_private_again_if_it_was_opened_to_all(written: Path) -> None:
    written.parent.mkdir(0o700, parents=True)
    written.write_text("before\n")
    written.chmod(0o666)
    logging.getLogger("x").warning("one")
    assert modes(written) == "0o600" and "before" in written.read_text() and "one" in written.read_text()


def test_a_link_in_its_place_is_not_followed_and_nothing_fails(written: Path, tmp_path: Path) -> None:
    written.parent.mkdir(0o700, parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    written.symlink_to(elsewhere)
    logging.getLogger("x").warning("one")
    assert elsewhere.read_text() == "theirs"


def test_neither_is_a_pipe(written: Path) -> None:
    written.parent.mkdir(0o700, parents=True)
    os.mkfifo(written)
    logging.getLogger("x").warning("one")
    assert stat.S_ISFIFO(written.stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_written_to(written: Path) -> None:
    written.parent.mkdir(0o700, parents=True)
    written.write_text("theirs")
    os.chown(written, 12345, 12345)
    logging.getLogger("x").warning("one")
    assert written.read_text() == "theirs"


def test_it_rotates_and_never_keeps_more_than_a_few_files(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LARGEST_BYTES", 2000)
    for number in range(500):
        logging.getLogger("x").warning("line %d", number)
    files = sorted(written.parent.iterdir())
    assert [file.name for file in files] == [
        "tui-chat.log",
        *(f"tui-chat.log.{n}" for n in range(1, log.KEPT_FILES + 1)),
    ]
    assert all(file.stat().st_size <= 2000 and modes(file) == "0o600" for file in files)
    assert "line 499" in written.read_text()


def test_a_fault_is_reported_by_where_it_was_without_its_words(written: Path) -> None:
    logging.getLogger("x").error("unexpected", exc_info=failing())
    text = written.read_text()
    assert "KeyError" in text and "ValueError" in text and "in failing" in text
    assert SECRET_TEXT not in text and "canary" not in text


def test_nor_does_a_task_that_was_never_awaited_bring_them_in(written: Path) -> None:
    async def main() -> None:
        async def fails() -> None:
            raise failing()

        task = asyncio.create_task(fails())
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(main())
    text = written.read_text()
    assert "never retrieved" in text and "ValueError" in text
    assert SECRET_TEXT not in text and "canary" not in text


def test_a_thread_that_fails_is_reported_there_and_not_on_the_screen(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise failing()

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    assert "an exception in a thread" in written.read_text() and SECRET_TEXT not in written.read_text()
    assert capsys.readouterr().err == ""


def test_a_key_in_any_line_is_masked(written: Path) -> None:
    logging.getLogger("x").warning("sent Authorization: Bearer %s and api_key=%s", KEY, KEY)
    assert "canary" not in written.read_text() and "***" in written.read_text()


def test_a_place_is_named_in_our_own_code_and_the_systems_reason_is_kept() -> None:
    with pytest.raises(TypeError) as raised:
        pickle.dumps(Secret(KEY))
    place = place_of(raised.value)
    assert place.startswith("TypeError at core/secret.py:") and place.rpartition(":")[2].isdigit()
    assert "OSError: No space left on device" in trace_of(OSError(28, "No space left on device", SECRET_TEXT))
    assert SECRET_TEXT not in trace_of(OSError(28, "No space left on device", SECRET_TEXT))
