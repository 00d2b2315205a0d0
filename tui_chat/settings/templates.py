"""Reads prompt templates from the user's folder and from that of the project. Asks nothing.

What comes with a project is only read here; none is used before the user has agreed.
"""

import hashlib
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from tui_chat.core.error import SettingsError
from tui_chat.core.prompt_template import PromptTemplate, TemplateError, parse_template
from tui_chat.settings.toml_file import read_toml
from tui_chat.settings.values import Problem

PROJECT_FOLDER = ".tui-chat"
FOLDER = "commands"
PROJECT_SETTINGS = "settings.toml"
_MOST_FILES = 200
_MOST_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates that can be used, by name, and what is wrong with the others."""

    by_name: dict[str, PromptTemplate]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """What a project's folder brings along."""

    folder: Path
    """The folder `.tui-chat`."""
    fingerprint: str
    """Changes with every file in it."""
    files: tuple[str, ...]
    """Its files, by their path within the folder."""

    @property
    def what(self) -> str:
        """Its files as a user reads them."""
        return ", ".join(self.files)


def find_project(start: Path, home: Path | None = None) -> Project | None:
    """Return the project folder of this folder or of the nearest one above; none at or above the home folder."""
    home = Path.home() if home is None else home
    for folder in (start, *start.parents):
        if folder == home:
            return None
        found = folder / PROJECT_FOLDER
        files = _project_files(found)
        if files:
            return Project(found, _fingerprint(found, files), tuple(str(file.relative_to(found)) for file in files))
    return None


def _project_files(folder: Path) -> list[Path]:
    settings = folder / PROJECT_SETTINGS
    return [*([settings] if settings.is_file() else []), *_markdown_files(folder / FOLDER)]


def _fingerprint(folder: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(folder)).encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.sha256(_bytes_of(file)).digest())
    return digest.hexdigest()


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES + 1)
    except OSError:
        return b""


def project_profile(project: Project) -> str:
    """Return the profile that the project's settings name; empty for none. Raises `SettingsError` with the place."""
    file = project.folder / PROJECT_SETTINGS
    if not file.is_file():
        return ""
    toml = read_toml(file)
    for problem in toml.problems:
        raise SettingsError(str(problem))
    for name in toml.tree:
        if name != "profile":
            raise SettingsError(f"{file}:{toml.line((name,))}: {name} is no setting of a project; `profile` is")
    name = toml.tree.get("profile", "")
    if not isinstance(name, str):
        raise SettingsError(f"{file}:{toml.line(('profile',))}: profile: it wants text in quotes")
    return name


def load_templates(user: Path, project: Project | None, built_in: Collection[str]) -> Templates:
    """Return the user's templates, then those of the project; a name that is taken keeps its first meaning."""
    by_name: dict[str, PromptTemplate] = {}
    problems: list[Problem] = []
    sources = [(user / FOLDER, False)] + ([(project.folder / FOLDER, True)] if project is not None else [])
    for folder, is_project in sources:
        for file in _markdown_files(folder):
            name = file.stem
            try:
                if name in built_in:
                    raise TemplateError(1, f"/{name} is a command of the program; give the file another name")
                if name in by_name:
                    raise TemplateError(1, f"/{name} is there already: {by_name[name].file}")
                by_name[name] = parse_template(name, _text_of(file), file=str(file), is_project=is_project)
            except TemplateError as error:
                problems.append(Problem(str(error), str(file), error.line, name))
    return Templates(by_name, tuple(problems))


def _markdown_files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".md") and entry.is_file())
    except OSError:
        return []
    return [folder / name for name in names[:_MOST_FILES]]


def _text_of(file: Path) -> str:
    data = _bytes_of(file)
    if len(data) > _MOST_BYTES:
        raise TemplateError(1, f"it is larger than {_MOST_BYTES // 1000} kB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TemplateError(data.count(b"\n", 0, error.start) + 1, "the text is not UTF-8") from None
