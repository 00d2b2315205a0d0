"""The file name under which a code block is saved."""

from pathlib import Path

import pytest

from tui_chat.rendering.code_names import proposed_names


@pytest.mark.parametrize(
    ("text", "code", "names"),
    [
        ("```python\nx = 1\n```", "x = 1", ["code-1.py"]),
        ("Into `src/limiter.py`, with a.toml:\n\n```python\nx = 1\n```", "x = 1", ["limiter.py", "code-1.py"]),
        ("In a.py and b.py:\n```py\nx = 1\n```", "x = 1", ["b.py", "a.py", "code-1.py"]),
        ('```python title="tool.py"\nx = 1\n```', "x = 1", ["tool.py", "code-1.py"]),
        ("~~~diff\n- a\n+ b\n~~~", "- a\n+ b", ["code-1.diff"]),
        ("Never .sh nor x.sh/:\n```sh\nls\n```", "ls", ["code-1.sh"]),
        ("    indented", "indented", ["code-1.txt"]),
        ("```nosuchlanguage\nx\n```", "x", ["code-1.txt"]),
    ],
)  # fmt: skip
def test_a_code_block_is_named_by_its_text_and_its_language(
    text: str, code: str, names: list[str], tmp_path: Path
) -> None:
    assert [name for name, _ in proposed_names(text, code, tmp_path)] == names


def test_no_name_is_proposed_that_is_taken(tmp_path: Path) -> None:
    for name in ("a.py", "code-1.py"):
        (tmp_path / name).touch()
    assert proposed_names("a.py\n```python\nx\n```", "x", tmp_path) == [("code-2.py", "python")]
