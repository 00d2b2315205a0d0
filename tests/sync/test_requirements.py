"""The list of requirements in `tests/sync/__init__.py` names tests that exist, for each of the twelve."""

import re
from pathlib import Path

import tests.sync

ROOT = Path(__file__).parent.parent


def test_each_requirement_names_tests_that_exist() -> None:
    parts = re.split(r"^- (R\d+) ", tests.sync.__doc__ or "", flags=re.M)[1:]
    named = {name: re.findall(r"\btest_\w+", text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    assert list(named) == [f"R{number}" for number in range(1, 13)] and all(named.values())
    places = [*ROOT.glob("sync/test_*.py"), ROOT / "storage/test_purge.py", ROOT / "ui/chat/test_sync_notices.py"]
    defined = set(re.findall(r"def (test_\w+)", "".join(path.read_text() for path in places)))
    assert not {test for some in named.values() for test in some} - defined
