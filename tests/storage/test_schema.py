"""What the README writes about the database is true."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.storage.conftest import Open
from tests.storage.make import conversation, priced, prompt, reply
from tests.support.readme import TEXT, spans

ROWS = re.findall(
    r"^\| (.+) \| (.+) \|$", TEXT.partition("| table | contents |")[2].partition("\n\n")[0], re.MULTILINE
)
"""The names of tables, and what is written about them."""


async def test_the_readme_names_every_table_and_no_other(open_store: Open, path: Path) -> None:
    await open_store()
    with closing(sqlite3.connect(path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")}
    inner = {name for name in names if name.startswith(("sqlite_", "search_"))}
    assert {name for row, _ in ROWS for name in spans(row)} == names - inner


async def test_what_the_readme_calls_a_column_is_one(open_store: Open, path: Path) -> None:
    await open_store()
    with closing(sqlite3.connect(path)) as db:
        for row, text in ROWS:
            columns = {name for table in spans(row) for _, name, *_ in db.execute(f"PRAGMA table_info({table})")}
            assert set(spans(text)) <= columns


async def test_the_queries_of_the_readme_answer(open_store: Open, path: Path) -> None:
    store = await open_store()
    branches = (
        prompt("p", text="How?"),
        priced(reply("r", "p", "So."), "0.5"),
        priced(reply("s", "p", "Or so."), "1"),
    )
    await store.create(conversation("c1", *branches, title="A rate limiter"))
    (block,) = re.findall(r"^```sql\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    with closing(sqlite3.connect(path)) as db:
        answers = [db.execute(query).fetchall() for query in block.splitlines()]
    assert answers == [
        [("user: How?\n    assistant demo/tour: So.\n    assistant demo/tour: Or so.",)],
        [("demo/tour", 2, 1.5)],
    ]
