"""`@` in a tree of 50,000 files: the first rows come at once, and no key waits for the search."""

import asyncio
import subprocess
import time
from pathlib import Path

import pytest

from tui_chat.attachments.listing import FileListing

pytestmark = pytest.mark.slow
FILES, TRIES = 50_000, 5
FIRST_ROWS_S, KEY_S = 0.05, 0.02


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("tree"))


def make_tree(root: Path) -> Path:
    """Make a repository; half of its files are tracked."""
    for number in range(FILES // 100):
        folder = root / "src" / f"mod{number // 25:02}" / f"pkg{number:03}"
        folder.mkdir(parents=True)
        for file in range(100):
            (folder / f"file_{file:02}_{(number * 7919 + file) % 997}.py").touch()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "src/mod0*"], cwd=root, check=True)
    return root


async def test_the_first_rows_come_at_once_and_no_key_waits(tree: Path) -> None:
    firsts, waits = [], []
    for _ in range(TRIES):
        first_s, wait_s = await listed_while_typing(tree)
        firsts.append(first_s)
        waits.append(wait_s)
    print(f"first rows {min(firsts) * 1000:.0f} ms, longest wait of a key {min(waits) * 1000:.0f} ms")
    # The best of some: what other programs take of the processor is not measured.
    assert min(firsts) < FIRST_ROWS_S and min(waits) < KEY_S


async def listed_while_typing(tree: Path) -> tuple[float, float]:
    """Return the seconds to the first rows, and the longest that the event loop was kept from a key."""
    waits: list[float] = []

    async def keys() -> None:
        while True:
            before_s = time.perf_counter()
            await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - before_s - 0.001)

    pressing = asyncio.create_task(keys())
    start_s = time.perf_counter()
    listing = FileListing(tree)
    listing.start()
    while not await asyncio.to_thread(listing.find, "", 50):
        pass
    first_s = time.perf_counter() - start_s
    for typed in ("f", "fi", "file_4", "file_42", "pkg123/f", "m19p477"):
        await asyncio.to_thread(listing.find, typed, 50)
    while not listing.is_complete:
        await asyncio.to_thread(listing.find, "main", 50)
        await asyncio.sleep(0.05)
    assert "src/mod19/pkg499/file_99_569.py" in await asyncio.to_thread(listing.find, "pkg499/file_99", 50)
    pressing.cancel()
    return first_s, max(waits)
