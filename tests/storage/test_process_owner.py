"""Who is alive."""

import subprocess
import sys
from dataclasses import replace

from tests.storage.make import NOON
from tui_chat.storage.process_owner import Owner


def alive(owner: Owner) -> bool:
    return owner.is_alive(seen_from=Owner.current(), last_seen=NOON, now=NOON)


def test_an_owner_is_read_back_from_its_words() -> None:
    owner = Owner.current()
    assert Owner.parse(str(owner)) == owner
    assert Owner.parse("") == Owner("", 0, "")


def test_this_process_is_alive_and_an_earlier_one_with_its_number_is_not() -> None:
    owner = Owner.current()
    assert owner.started and alive(owner)
    assert not alive(replace(owner, started="before"))


def test_another_process_is_alive_until_it_is_killed_and_a_zombie_is_not() -> None:
    ask = (
        "import sys; from tui_chat.storage.process_owner import Owner;"
        " print(Owner.current(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ask], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        owner = Owner.parse(child.stdout.readline().strip())
        assert owner.pid == child.pid and alive(owner)
        child.kill()
        child.stdout.read()
        while alive(owner):
            pass
    assert not alive(owner)
