"""Kinds of damage to a database file, and databases of different shapes whose turns carry marks."""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.storage.make import DEAD, TO_FIRST_VERSION, conversation, live, priced, prompt, reply, side_request
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import Turn
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

MARK = re.compile(r"<m\d{5}>")
MARK_BYTES = re.compile(rb"<m\d{5}>")


@dataclass(frozen=True)
class Shape:
    """A whole database, and where its pages of each kind are."""

    name: str
    data: bytes
    page_size: int
    pages: dict[str, list[int]]
    """Numbers from 0 by `leaf`, `internal`, `overflow` and `index`."""

    @property
    def marks(self) -> set[str]:
        """The marks of all its turns."""
        return {mark.decode() for mark in MARK_BYTES.findall(self.data)}


class Marks:
    """Gives every turn a mark of its own."""

    def __init__(self) -> None:
        self.count = 0

    def chain(self, turns: int, text: str, fork_every: int = 0) -> list[Turn]:
        """Turns under each other; with forks now and then."""
        made: list[Turn] = []
        for number in range(turns):
            self.count += 1
            above = made[-1].id if made else None
            if fork_every and number > 3 and number % fork_every == 0:
                above = made[number // 2 - (number // 2) % 2].id
            marked = f"<m{self.count:05}> {text}"
            is_reply = bool(made) and made[[turn.id for turn in made].index(str(above))].role == "user"
            made.append(
                priced(reply(f"t{number}", above, marked), "0.01")
                if is_reply
                else prompt(f"t{number}", above, marked)
            )
        return made


async def shapes(folder: Path) -> list[Shape]:
    """Make the five databases."""
    marks = Marks()
    made = []
    for name, fill in (
        ("long turns", _long), ("short turns", _short), ("a deep tree", _deep), ("of everything", _everything),
        ("an old one of small pages", _short),
    ):  # fmt: skip
        path = folder / name / DATABASE
        store = await Store.open(path, owner=DEAD)
        await fill(store, marks)
        await store.aclose()
        if "old" in name:
            with closing(sqlite3.connect(path, isolation_level=None)) as db:
                db.executescript(f"PRAGMA page_size = 512; VACUUM; {TO_FIRST_VERSION}")
        made.append(_shape(name, path))
    return made


async def _long(store: Store, marks: Marks) -> None:
    for number in range(5):
        await store.create(conversation(f"c{number}", *marks.chain(4, "語 long word " * 1500)))


async def _short(store: Store, marks: Marks) -> None:
    await store.save_all([conversation(f"c{number}", *marks.chain(6, "short")) for number in range(25)])


async def _deep(store: Store, marks: Marks) -> None:
    await store.create(conversation("c0", *marks.chain(120, "a branch " * 20, fork_every=9)))


async def _everything(store: Store, marks: Marks) -> None:
    for number in range(12):
        one = conversation(
            f"c{number}", *marks.chain(4, "words " * 40), side_requests=(side_request("e1", "0.5"),), system="Be."
        )
        await store.create(one)
        await store.add_prompt(f"typed {number}")
    await store.set_draft("c1", "half a thought")
    await store.set_state("theme", "dark")
    await store.archive("c2")
    await store.delete("c3")
    await store.append("c4", [prompt("u9", "t3"), live("a9", "u9")], head="a9")
    for number in range(5):
        await store.checkpoint("a9", [TextDelta(f"piece {number} ")])


def _shape(name: str, path: Path) -> Shape:
    data = path.read_bytes()
    pages: dict[str, list[int]] = {"leaf": [], "internal": [], "overflow": [], "index": []}
    with closing(sqlite3.connect(path)) as db:
        (page_size,) = db.execute("PRAGMA page_size").fetchone()
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        for number, table, kind in db.execute("SELECT pageno, name, pagetype FROM dbstat"):
            pages["index" if table not in tables and kind != "overflow" else kind].append(number - 1)
    return Shape(name, data, page_size, pages)


Damage = Callable[[bytearray, Shape, Random], None]


def flip_bits_of_a_text(data: bytearray, shape: Shape, draw: Random) -> None:
    """A few bits, right behind a mark."""
    at = draw.choice([match.end() for match in MARK_BYTES.finditer(shape.data)])
    for _ in range(draw.choice((1, 1, 3))):
        data[min(at + draw.randrange(6), len(data) - 1)] ^= 1 << draw.randrange(8)


def flip_bits_anywhere(data: bytearray, shape: Shape, draw: Random) -> None:
    for _ in range(draw.choice((1, 5, 20))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def zero_pages(data: bytearray, shape: Shape, draw: Random) -> None:
    for _ in range(draw.choice((1, 2))):
        _fill(data, shape, _any_page(shape, draw), b"\x00")


def garble_a_page(data: bytearray, shape: Shape, draw: Random) -> None:
    start = _any_page(shape, draw) * shape.page_size
    data[start : start + shape.page_size] = draw.randbytes(shape.page_size)


def swap_pages(data: bytearray, shape: Shape, draw: Random) -> None:
    one, other = _any_page(shape, draw) * shape.page_size, _any_page(shape, draw) * shape.page_size
    size = shape.page_size
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]


def write_a_page_twice(data: bytearray, shape: Shape, draw: Random) -> None:
    one, other = _any_page(shape, draw) * shape.page_size, _any_page(shape, draw) * shape.page_size
    data[one : one + shape.page_size] = data[other : other + shape.page_size]


def truncate(data: bytearray, shape: Shape, draw: Random) -> None:
    cut = draw.randrange(len(data))
    del data[cut if draw.random() < 0.5 else max(cut // shape.page_size, 1) * shape.page_size :]


def damage_the_header(data: bytearray, shape: Shape, draw: Random) -> None:
    for _ in range(draw.choice((1, 2, 8))):
        data[draw.randrange(100)] = draw.randrange(256)


def damage_the_schema(data: bytearray, shape: Shape, draw: Random) -> None:
    for _ in range(draw.choice((1, 2, 8))):
        data[draw.randrange(100, min(shape.page_size * 3, len(data)))] ^= 1 << draw.randrange(8)


def cut_an_overflow_chain(data: bytearray, shape: Shape, draw: Random) -> None:
    _point(data, shape, draw, draw.choice((0, 0xFFFFFFFF, len(data) // shape.page_size + 9)))


def close_an_overflow_chain(data: bytearray, shape: Shape, draw: Random) -> None:
    _point(data, shape, draw, None)


def cross_overflow_chains(data: bytearray, shape: Shape, draw: Random) -> None:
    _point(data, shape, draw, _page(shape, draw, "overflow") + 1)


def damage_the_freelist(data: bytearray, shape: Shape, draw: Random) -> None:
    data[32:36] = draw.choice((0, 2, 7, 0xFFFFFFFF)).to_bytes(4, "big")
    data[36:40] = draw.choice((1, 5, 0xFFFFFFFF)).to_bytes(4, "big")


def damage_an_index(data: bytearray, shape: Shape, draw: Random) -> None:
    start = _page(shape, draw, "index") * shape.page_size
    for _ in range(draw.choice((1, 10))):
        data[start + draw.randrange(shape.page_size)] = draw.randrange(256)


def damage_an_interior_page(data: bytearray, shape: Shape, draw: Random) -> None:
    start = _page(shape, draw, "internal") * shape.page_size
    for _ in range(draw.choice((1, 10))):
        data[start + draw.randrange(40)] = draw.randrange(256)


def damage_the_head_of_a_leaf(data: bytearray, shape: Shape, draw: Random) -> None:
    start = _page(shape, draw, "leaf") * shape.page_size
    start += 100 if start == 0 else 0
    for _ in range(draw.choice((1, 3))):
        data[start + draw.randrange(24)] = draw.randrange(256)


def damage_lengths(data: bytearray, shape: Shape, draw: Random) -> None:
    """The varints of a cell: its size, its number, the sizes of its columns."""
    start = _page(shape, draw, "leaf") * shape.page_size
    at = start + (100 if start == 0 else 0)
    cells = max(int.from_bytes(shape.data[at + 3 : at + 5], "big"), 1)
    pointer = at + 8 + 2 * draw.randrange(cells)
    cell = start + int.from_bytes(shape.data[pointer : pointer + 2], "big")
    data[min(cell + draw.randrange(36), len(data) - 1)] = draw.randrange(256)


def zero_sectors(data: bytearray, shape: Shape, draw: Random) -> None:
    for _ in range(draw.choice((1, 3))):
        start = draw.randrange(len(data) // 512) * 512
        data[start : start + 512] = bytes(len(data[start : start + 512]))


def shift(data: bytearray, shape: Shape, draw: Random) -> None:
    """A byte too many or too few, as a program makes that takes the file for a text."""
    at = draw.randrange(len(data))
    if draw.random() < 0.5:
        del data[at]
    else:
        data.insert(at, 10)


def only_a_journal(data: bytearray, shape: Shape, draw: Random) -> None:
    """Nothing in the file itself; see `journal_of`."""


KINDS: tuple[Damage, ...] = (
    flip_bits_of_a_text, flip_bits_anywhere, zero_pages, garble_a_page, swap_pages, write_a_page_twice, truncate,
    damage_the_header, damage_the_schema, cut_an_overflow_chain, close_an_overflow_chain, cross_overflow_chains,
    damage_the_freelist, damage_an_index, damage_an_interior_page, damage_the_head_of_a_leaf, damage_lengths,
    zero_sectors, shift, only_a_journal,
)  # fmt: skip


def journal_of(shape: Shape, draw: Random) -> bytes:
    """A journal that a killed program may have left: of random bytes, or a hot one that puts an old page back."""
    if draw.random() < 0.5:
        return draw.randbytes(4096)
    number = _any_page(shape, draw)
    page = shape.data[number * shape.page_size : (number + 1) * shape.page_size]
    nonce = 7
    total = nonce + sum(page[at] for at in range(shape.page_size - 200, 0, -200))
    head = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + (1).to_bytes(4, "big") + nonce.to_bytes(4, "big")
    head += (len(shape.data) // shape.page_size).to_bytes(4, "big") + (512).to_bytes(4, "big")
    head += shape.page_size.to_bytes(4, "big")
    record = (number + 1).to_bytes(4, "big") + page + (total & 0xFFFFFFFF).to_bytes(4, "big")
    return head.ljust(512, b"\x00") + record


def _any_page(shape: Shape, draw: Random) -> int:
    return draw.randrange(len(shape.data) // shape.page_size)


def _page(shape: Shape, draw: Random, kind: str) -> int:
    return draw.choice(shape.pages[kind]) if shape.pages[kind] else _any_page(shape, draw)


def _fill(data: bytearray, shape: Shape, number: int, byte: bytes) -> None:
    start = number * shape.page_size
    data[start : start + shape.page_size] = byte * shape.page_size


def _point(data: bytearray, shape: Shape, draw: Random, target: int | None) -> None:
    """Have an overflow page lead somewhere else; to itself without a target."""
    page = _page(shape, draw, "overflow")
    start = page * shape.page_size
    data[start : start + 4] = (page + 1 if target is None else target).to_bytes(4, "big")


def damaged(shape: Shape, kind: Damage, path: Path, draw: Random) -> bytes:
    """Write a damaged copy of a database and return its bytes."""
    data = bytearray(shape.data)
    kind(data, shape, draw)
    path.parent.mkdir(0o700, parents=True)
    path.write_bytes(data)
    path.chmod(0o600)
    if kind is only_a_journal:
        journal = path.with_name(path.name + "-journal")
        journal.write_bytes(journal_of(shape, draw))
        os.chmod(journal, 0o600)  # noqa: PTH101
    return bytes(data)
