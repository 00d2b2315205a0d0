"""The import table of the design, held against the code: who may import whom, and no cycle of any kind."""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tui_chat"

INSIDE: dict[str, set[str]] = {
    "paths": set(),
    "core": set(),
    "collector": set(),
    "heartbeat": set(),
    "plugins": {"core"},
    "settings": {"core", "paths", "plugins"},
    "providers": {"core", "plugins"},
    "pricing": {"core"},
    "storage": {"collector", "core"},
    "formats": {"collector", "core", "plugins"},
    "testing": {"core", "formats"},
    "attachments": {"core"},
    "tools": {"core", "attachments", "plugins"},
    "wording": {"core"},
    "rendering": {"core"},
    "service": {"core", "storage", "formats"},
    "sync": {"core", "heartbeat", "storage"},
    "gateway": {"core", "service", "storage", "formats", "attachments", "wording"},
    "ui": {"core", "heartbeat", "service", "storage", "rendering", "attachments", "wording", "settings"},
    "wiring": {
        "core",
        "settings",
        "paths",
        "providers",
        "pricing",
        "storage",
        "service",
        "attachments",
        "tools",
        "plugins",
        "sync",
    },
    "cli": {
        "core",
        "settings",
        "paths",
        "formats",
        "storage",
        "service",
        "rendering",
        "attachments",
        "tools",
        "plugins",
        "wording",
        "wiring",
        "ui",
        "gateway",
        "sync",
    },
    "__main__": {"cli"},
    "__init__": set(),
}
OUTSIDE: dict[str, set[str]] = {
    "paths": {"platformdirs"},
    "settings": {"pydantic"},
    "providers": {"httpx2"},
    "tools": {"anyio", "httpx2", "mcp", "mcp_types"},
    "pricing": {"genai_prices"},
    "formats": {"pydantic", "markdown_it", "pygments"},
    "attachments": {"PIL"},
    "rendering": {"markdown_it", "pygments", "rich", "textual"},
    "gateway": {"starlette", "uvicorn"},
    "sync": {"psycopg", "nacl"},
    "ui": {"textual", "rich"},
    "cli": {"typer", "rich"},
}
RENDERING_MAY_USE = {"textual.strip", "textual.style", "textual.color", "textual.geometry", "textual.theme"}
"""Of textual, its types of lines and styles only."""
BROAD_EXCEPT = {
    "service/reply.py",
    "service/tool_rounds.py",
    "tools/mcp_server.py",
    "cli/main.py",
    "gateway/app.py",
    "plugins.py",
    "testing.py",
}
"""The pump, a running tool, the outermost call, and the outermost handler of requests."""
ONLY_IN = {
    "sqlite3": {"storage", "formats"},
    "genai_prices": {"pricing"},
    "uvicorn": {"gateway/server.py"},
    "psycopg": {"sync/hub.py"},
    "nacl": {"sync/seal.py"},
    "mcp": {"tools/mcp_server.py", "tools/mcp_login.py"},
    "anyio": {"tools/mcp_server.py"},
    "PIL": {"attachments/shrink.py"},
}
"""Libraries that one file or one folder alone may know; formats reads other programs' databases."""

FENCED = {"textual", "rich", "typer", "pygments", "genai_prices"}
"""Libraries whose private names only these files may use."""
FENCE = {
    "ui/terminal",
    "rendering/incremental_lexer.py",
    "rendering/styles.py",
    "pricing/price_list_file.py",
}
PUBLIC_DESPITE_UNDERSCORE = {"_replace", "_fields", "_asdict", "_make"}
"""The documented names of every `NamedTuple`."""
BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
"""Functions that use an attribute by its name."""
OWN_NAMES_OF_LIBRARIES = {("rendering/line.py", "_segments")}
"""A private name that a class of ours shares with a class of a library: files that may use their own."""


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes_of(path: Path) -> Sequence[ast.AST]:
    """Every node of a file, for all rules."""
    return list(ast.walk(tree_of(path)))


@cache
def imports_of(path: Path) -> list[str]:
    """Every module a file imports, also inside functions and under TYPE_CHECKING."""
    found = []
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def place_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_file_imports_only_what_its_row_allows() -> None:
    for path in files():
        check_imports(path)


def check_imports(path: Path) -> None:
    room, place = room_of(path), place_of(path)
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


def test_a_file_is_documented_and_catches_narrowly() -> None:
    for path in files():
        place, tree = place_of(path), tree_of(path)
        assert ast.get_docstring(tree), f"{place} has no docstring"
        if path.name == "__init__.py":
            assert len(tree.body) == 1, f"{place} holds more than a docstring"
        for node in nodes_of(path):
            if isinstance(node, ast.ExceptHandler) and place not in BROAD_EXCEPT:
                name = getattr(node.type, "id", None)
                assert node.type is not None and name not in ("Exception", "BaseException"), f"{place}:{node.lineno}"


# Private names of libraries


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def is_fenced_module(name: str) -> bool:
    return name.partition(".")[0] in FENCED


def is_self(thing: ast.expr) -> bool:
    return ast.unparse(thing) in ("self", "cls", "super()")


def private_names_in(tree: ast.AST) -> set[str]:
    """Private names that a class defines, or uses on itself."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and is_self(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return {name for name in names if is_private(name)}


@cache
def private_names_of(library_class: type) -> frozenset[str]:
    names = {name for name in vars(library_class) if is_private(name)}
    try:
        source = textwrap.dedent(inspect.getsource(library_class))
    except (OSError, TypeError):
        return frozenset(names)
    attributes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    names |= {node.attr for node in attributes if ast.unparse(node.value) in ("self", "cls")}
    return frozenset(filter(is_private, names))


@cache
def known_private_names() -> frozenset[str]:
    """Private names of the library classes whose objects our code handles."""
    from rich.console import Console
    from textual._compositor import Compositor
    from textual.app import App
    from textual.drivers.headless_driver import HeadlessDriver
    from textual.drivers.linux_driver import LinuxDriver
    from textual.screen import ModalScreen
    from textual.strip import Strip
    from textual.widgets import Input, OptionList, TextArea

    handled = (App, ModalScreen, TextArea, Input, OptionList, LinuxDriver, HeadlessDriver, Strip, Compositor, Console)
    classes = {ancestor for handled_class in handled for ancestor in handled_class.__mro__}
    return frozenset[str]().union(*(private_names_of(one) for one in classes if is_fenced_module(one.__module__)))


def inherited_private_names(own_class: type) -> frozenset[str]:
    ancestors = (one for one in own_class.__mro__ if is_fenced_module(one.__module__))
    return frozenset[str]().union(*map(private_names_of, ancestors))


def private_attributes_of_others(path: Path) -> list[str]:
    """Uses of `thing._name`, where `thing` is not the object itself and `_name` is not defined in the same file."""
    place, tree = place_of(path), tree_of(path)
    standard = {
        alias.asname or alias.name
        for node in nodes_of(path)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.partition(".")[0] in sys.stdlib_module_names
    }
    own = {name for node in tree.body if isinstance(node, ast.ClassDef) for name in private_names_in(node)}
    found = []
    for node in nodes_of(path):
        if isinstance(node, ast.Attribute):
            name, thing = node.attr, node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in BY_NAME:
            name, thing = str(getattr(node.args[1], "value", "")), node.args[0]
        else:
            continue
        is_own = name in own and (name not in known_private_names() or (place, name) in OWN_NAMES_OF_LIBRARIES)
        if not is_private(name) or is_own or name in PUBLIC_DESPITE_UNDERSCORE:
            continue
        if not is_self(thing) and ast.unparse(thing) not in standard:
            found.append(f"{place}:{node.lineno}: {ast.unparse(thing)}.{name}")
    return found


def private_names_of_libraries_on_self(path: Path) -> list[str]:
    """Private names of a library class that a class of ours overrides, or uses on itself."""
    module = importlib.import_module(module_of(path))
    found = []
    for node in nodes_of(path):
        own_class = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
        if own_class is None:
            continue
        # A mixin uses what it is mixed into.
        users = [one for one in all_own_classes() if own_class in one.__mro__]
        theirs = frozenset[str]().union(*map(inherited_private_names, users))
        place = str(path.relative_to(PACKAGE))
        found += [f"{place}: {own_class.__name__}.{name}" for name in private_names_in(node) & theirs]
    return found


@cache
def all_own_classes() -> frozenset[type]:
    # `__main__` runs the program.
    modules = [importlib.import_module(module_of(path)) for path in files() if path.stem != "__main__"]
    return frozenset(
        one
        for module in modules
        for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__
    )


def is_inside_the_fence(path: Path) -> bool:
    place = path.relative_to(PACKAGE)
    return str(place) in FENCE or str(place.parent) in FENCE


def test_private_names_of_libraries_stay_behind_the_fence() -> None:
    for path in files():
        if is_inside_the_fence(path) or path.stem == "__main__":
            continue
        imported = [name for name in imports_of(path) if is_fenced_module(name)]
        assert not [name for name in imported if any(map(is_private, name.split(".")))], path
        assert not private_attributes_of_others(path)
        assert not private_names_of_libraries_on_self(path)


PRIVATE_USES = {
    "through another object": "def f(app):\n    return app._driver",
    "through a call": "def f(app):\n    return app.get()._compositor",
    "assigned": "def f(node):\n    node._bindings = None",
    "by its name": "def f(app):\n    return getattr(app, '_driver', None)",
    "shared with a class of ours": "class A:\n    _segments = ()\ndef f(strip):\n    return strip._segments",
}


@pytest.mark.parametrize("source", PRIVATE_USES.values(), ids=PRIVATE_USES)
def test_a_private_name_of_another_object_is_found(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "module.py").write_text(source)
    assert private_attributes_of_others(tmp_path / "module.py")


def test_a_private_name_of_a_library_used_on_self_is_found() -> None:
    path = PACKAGE / "ui" / "terminal" / "textual_private.py"
    found = private_names_of_libraries_on_self(path)
    assert {name.rpartition(".")[2] for name in found} >= {"_handle_exception", "_fatal_error", "_exception", "_exit"}
