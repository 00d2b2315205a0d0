"""The import table of the design, held against the code: who may import whom, and no cycle of any kind."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tui_chat"

INSIDE: dict[str, set[str]] = {
    "paths": set(),
    "core": set(),
    "settings": {"core", "paths"},
    "providers": {"core"},
    "pricing": {"core"},
    "storage": {"core"},
    "formats": {"core"},
    "wording": {"core"},
    "rendering": {"core"},
    "service": {"core", "storage", "formats"},
    "ui": {"core", "service", "storage", "rendering", "wording", "settings"},
    "wiring": {"core", "settings", "paths", "providers", "pricing", "storage", "service"},
    "cli": {"core", "settings", "paths", "formats", "storage", "service", "rendering", "wording", "wiring", "ui"},
    "__main__": {"cli"},
    "__init__": set(),
}
OUTSIDE: dict[str, set[str]] = {
    "paths": {"platformdirs"},
    "settings": {"pydantic"},
    "providers": {"anthropic", "httpx2"},
    "pricing": {"genai_prices"},
    "formats": {"pydantic"},
    "rendering": {"markdown_it", "pygments", "rich", "textual"},
    "ui": {"textual", "rich"},
    "cli": {"typer", "rich"},
}
RENDERING_MAY_USE = {"textual.strip", "textual.style", "textual.color", "textual.geometry", "textual.theme"}
"""Of textual, its types of lines and styles only."""
BROAD_EXCEPT = {"service/reply.py", "cli/main.py"}
"""The pump and the outermost call."""
ONLY_IN = {
    "anthropic": {"providers/anthropic/provider.py"},
    "sqlite3": {"storage", "formats"},
    "genai_prices": {"pricing"},
}
"""Libraries that one file or one folder alone may know; formats reads other programs' databases."""


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path: Path) -> list[str]:
    """Every module a file imports, also inside functions and under TYPE_CHECKING."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_keeps_to_its_row(path: Path) -> None:
    room, place = room_of(path), str(path.relative_to(PACKAGE))
    for name in imports_of(path):
        top, *rest = name.split(".")
        if top == "tui_chat":
            assert not rest or rest[0] == room or rest[0] in INSIDE[room], f"{place} must not import {name}"
        elif top not in sys.stdlib_module_names:
            assert top in OUTSIDE.get(room, set()), f"{place} must not import {name}"
            if room == "rendering" and top == "textual":
                assert any(name.startswith(allowed) for allowed in RENDERING_MAY_USE), f"{place}: {name}"
        for library, allowed_in in ONLY_IN.items():
            assert top != library or place in allowed_in or room in allowed_in, f"{place}: {library}"


def test_there_is_no_cycle() -> None:
    known = {module_of(path): path for path in files()}
    graph = {}
    for module, path in known.items():
        names = [name for name in imports_of(path) if name.startswith("tui_chat")]
        targets = {name if name in known else name.rpartition(".")[0] for name in names}
        graph[module] = {target for target in targets if target in known and target != module}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module not in done:
            for target in sorted(graph[module]):
                walk(target, (*trail, module))
            done.add(module)

    for module in sorted(graph):
        walk(module, ())


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_documented_and_catches_narrowly(path: Path) -> None:
    source, place = path.read_text(), str(path.relative_to(PACKAGE))
    tree = ast.parse(source)
    assert ast.get_docstring(tree), f"{place} does not say what it is"
    if path.name == "__init__.py":
        assert len(tree.body) == 1, f"{place} holds more than a docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and place not in BROAD_EXCEPT:
            name = getattr(node.type, "id", None)
            assert node.type is not None and name not in ("Exception", "BaseException"), f"{place}:{node.lineno}"
