"""Breaks on purpose, one at a time, what must never break, and reports which tests notice:
`python -m tests.tools.mutations`.

Each change is made in a temporary copy; the exit code is 1 when one went unnoticed. Not part of the suite.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_COUNTED = re.compile(r"\d+ (?:passed|failed|error)")


@dataclass(frozen=True)
class Change:
    """One text for another in one file."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """A guarantee taken away, and the tests of which one must notice."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]


_SERVICE = ("tests/service/test_reply.py", "tests/service/test_chat.py")
_PROGRAM = ("tests/end_to_end/test_killed.py", "tests/faults/test_schedules.py")
_CHAT = "tui_chat/service/chat.py"
_SAVE_QUEUE = "tui_chat/service/save_queue.py"
_GUARD = Change(_CHAT, "if self.reply_in(conversation.id) is not None:", "if False:")
_STORE_GUARD = Change(
    "tui_chat/storage/live_replies.py", "    if not alive:\n        return\n    above", "    return\n    above"
)
_COMMIT = "await self.save_queue.begin(replace(conversation, updated_at=self._dependencies.now()), turns, new=new)"
_HUB, _SEAL = "tui_chat/sync/hub_schema.sql", "tui_chat/sync/seal.py"
_HUB_TESTS, _SEAL_TESTS = ("tests/sync/test_hub.py",), ("tests/sync/test_seal.py",)
_BEGUN = "                callback(reply)\n        return replies"
_LATE = (
    f"                callback(reply)\n        await asyncio.sleep(0.05)\n        {_COMMIT}\n        return replies"
)

MUTATIONS = (
    Mutation(
        "the request leaves before the prompt is committed",
        (Change(_CHAT, _COMMIT, "pass"), Change(_CHAT, _BEGUN, _LATE)),
        _SERVICE,
    ),
    Mutation(
        "the prompt is never committed",
        (Change(_SAVE_QUEUE, "                await self.store.create(conversation)", "                return"),),
        (*_SERVICE, *_PROGRAM),
    ),
    Mutation(
        "no checkpoint is written",
        (
            Change(
                _SAVE_QUEUE,
                "            await self.store.checkpoint(turn_id, deltas, mark_saved)",
                "            return True",
            ),
        ),
        (*_SERVICE, *_PROGRAM),
    ),
    Mutation(
        "a checkpoint that failed is not offered again",
        (Change("tui_chat/service/reply.py", "self._arrived = _Batch([]), unsaved + self._arrived[1]", "pass"),),
        (*_SERVICE, *_PROGRAM),
    ),
    Mutation(
        "the final turn is not saved",
        (Change(_SAVE_QUEUE, "            await self.store.finish(turn)\n", "            return\n"),),
        (*_SERVICE, *_PROGRAM),
    ),
    Mutation(
        "what could not be saved is not saved later",
        (Change(_SAVE_QUEUE, "await self.store.save(conversation)\n            if self", "if self"),),
        (*_SERVICE, *_PROGRAM),
    ),
    Mutation(
        "outside text is not made harmless",
        (Change("tui_chat/core/clean.py", "    if _HARMFUL.search(text) is not None:", "    if False:"),),
        ("tests/core/test_clean.py", "tests/cli/test_parameters.py", "tests/rendering/test_stdout_printer.py"),
    ),
    Mutation("two sends of one program at once", (_GUARD,), _SERVICE),
    Mutation(
        "two programs answer the same branch at once",
        (_STORE_GUARD,),
        ("tests/storage/test_live_replies.py",),
    ),
    Mutation(
        "retries without end",
        (Change("tui_chat/service/retry_policy.py", "attempt >= self.max_attempts or ", ""),),
        ("tests/service/test_retry_policy.py", "tests/service/test_reply.py"),
    ),
    Mutation(
        "a retry after text has arrived",
        (Change("tui_chat/service/reply.py", "if self._meter.has_output\n", "if False\n"),),
        (*_SERVICE, "tests/service/test_over_the_wire.py"),
    ),
    Mutation(
        "the hub: two pushes at once",
        (Change(_HUB, "WHERE sp.id = s FOR UPDATE;", "WHERE sp.id = s;"),),
        _HUB_TESTS,
    ),
    Mutation(
        "the hub: purges by who has not seen all", (Change(_HUB, "AND r.seq > seen));", "AND false));"),), _HUB_TESTS
    ),
    Mutation(
        "the hub: the last push wins",
        (Change(_HUB, "> (r.rank, r.counter, r.device) AND r.kind <> 9;", "IS NOT NULL;"),),
        _HUB_TESTS,
    ),
    Mutation("the hub: any key will do", (Change(_HUB, "IF expected <> proof THEN", "IF false THEN"),), _HUB_TESTS),
    Mutation("the hub: no marks", (Change(_HUB, "IF known_id IS NOT NULL AND", "IF false AND"),), _HUB_TESTS),
    Mutation(
        "the hub: membership is not checked, by the functions or by row-level security",
        (
            Change(_HUB, "sp.id = s AND m.role = session_user;", "sp.id = s;"),
            Change(_HUB, "ALTER TABLE tui_chat.space FORCE ROW LEVEL SECURITY;", ""),
            Change(_HUB, "ALTER TABLE tui_chat.member FORCE ROW LEVEL SECURITY;", ""),
        ),
        _HUB_TESTS,
    ),
    Mutation(
        "the seal: one nonce for all", (Change(_SEAL, "blake2b(bound + plain, key", "blake2b(b'', key"),), _SEAL_TESTS
    ),
    Mutation(
        "the seal: place and stamp are not bound",
        (Change(_SEAL, "return head + record.key + record.room + record.device", "return b''"),),
        _SEAL_TESTS,
    ),
)


@contextmanager
def copy() -> Iterator[Path]:
    """The program and its tests in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        root = Path(folder) / "tui_chat"
        root.mkdir()
        for name in ("tui_chat", "tests"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy2(ROOT / name, root)
        yield root


def make(change: Change, root: Path) -> None:
    """Make the change; refuses one whose text is not there exactly once."""
    file = root / change.file
    text = file.read_text("utf-8")
    if (count := text.count(change.old)) != 1:
        raise SystemExit(f"{change.file}: {count} places for {change.old!r}; the mutation must follow the code")
    file.write_text(text.replace(change.old, change.new), "utf-8")


def failing(root: Path, tests: Sequence[str]) -> list[str]:
    """The names of the tests that fail there."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rfE",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "--timeout=20",
        "-m",
        "",
    ]
    environment = {"TUI_CHAT_FAULTS": "15", "TUI_CHAT_TEST_KILLS": "2", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*words, *tests], cwd=root, env=environment, capture_output=True, text=True, check=False)
    failed = _FAILED.findall(done.stdout)
    if not failed and not _COUNTED.search(done.stdout):
        raise SystemExit(f"the tests did not run:\n{done.stdout}{done.stderr}")
    return failed


def main(words: Sequence[str] | None = None) -> int:
    """Try them all, or those whose name holds a word; the number that went unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mutations", description=__doc__)
    parser.add_argument("matching", nargs="?", default="", help="only those whose name holds this")
    chosen = [one for one in MUTATIONS if parser.parse_args(words).matching in one.name]
    with copy() as root:
        before = failing(root, sorted({test for one in chosen for test in one.tests}))
        print(f"unchanged: {len(before)} fail", *before, sep="\n    ", flush=True)
    unnoticed = 0
    for mutation in chosen:
        with copy() as root:
            for change in mutation.changes:
                make(change, root)
            noticed = [test for test in failing(root, mutation.tests) if test not in before]
        unnoticed += not noticed
        print(f"{mutation.name}: {len(noticed) or 'NOT'} noticed", *noticed, sep="\n    ", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
