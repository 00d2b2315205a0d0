"""Options that are read without typer's own way are read as typer reads them."""

import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tui_chat.cli.typer_speedup import FastParsingGroup

VALUES = (
    "",
    "0",
    "1",
    "007",
    "12",
    "-3",
    " 5",
    "1e3",
    "٣",
    "999999999999",
    "x",
    ".",
    "/",
    "/not/there",
    "a\udc80",
)


def program(cls: type[typer.core.TyperGroup] | None) -> typer.Typer:
    app = typer.Typer(cls=cls)

    @app.callback()
    def before(folder: Annotated[Path | None, typer.Option("--folder")] = None) -> None:
        typer.echo(repr(folder))

    @app.command()
    def text(value: Annotated[str, typer.Argument()], other: Annotated[str | None, typer.Option()] = None) -> None:
        typer.echo(repr((value, other)))

    @app.command()
    def number(
        value: Annotated[int, typer.Option(min=1)] = 50, most: Annotated[int, typer.Option(max=9)] = 1
    ) -> None:
        typer.echo(repr((value, most)))

    @app.command()
    def place(value: Path, kept: Annotated[Path | None, typer.Option(dir_okay=False, exists=True)] = None) -> None:
        typer.echo(repr((value, kept)))

    @app.command()
    def several(values: list[Path], names: Annotated[list[str] | None, typer.Option()] = None) -> None:
        typer.echo(repr((values, names)))

    return app


def both(*words: str) -> tuple[tuple[int, str], tuple[int, str]]:
    plain, quick = (CliRunner().invoke(program(cls), words) for cls in (None, FastParsingGroup))
    return (plain.exit_code, plain.output), (quick.exit_code, quick.output)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "words",
    [
        ("text",),
        ("number", "--value"),
        ("number", "--most"),
        ("place",),
        ("place", "here", "--kept"),
        ("several",),
        ("several", "here", "--names"),
    ],
    ids=" ".join,
)
def test_what_is_read_and_what_is_said_of_a_mistake_is_typers(words: tuple[str, ...], value: str) -> None:
    plain, quick = both(*words, "--", value) if words[-1] in ("text", "place", "several") else both(*words, value)
    assert quick == plain


def test_what_is_not_given_is_what_typer_makes_of_it() -> None:
    for words in (("number",), ("text",), ("text", "x"), ("--folder", "/tmp", "place", "x"), ("--help",), ()):
        plain, quick = both(*words)
        assert quick == plain
    assert "pydantic" in sys.modules  # typer's own way was taken for the comparison
