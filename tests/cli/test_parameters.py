"""Parameters read without pydantic have the values and the errors that typer gives them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from tui_chat.cli.parameters import read_plain_values

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


class PlainGroup(typer.core.TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return [read_plain_values(parameter) for parameter in super().get_params(ctx)]


class PlainCommand(typer.core.TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return [read_plain_values(parameter) for parameter in super().get_params(ctx)]


def program(group: type[typer.core.TyperGroup] | None, command: type[typer.core.TyperCommand] | None) -> typer.Typer:
    app = typer.Typer(cls=group)

    @app.callback()
    def before(folder: Annotated[Path | None, typer.Option("--folder")] = None) -> None:
        typer.echo(repr(folder))

    @app.command(cls=command)
    def text(value: Annotated[str, typer.Argument()], other: Annotated[str | None, typer.Option()] = None) -> None:
        typer.echo(repr((value, other)))

    @app.command(cls=command)
    def number(
        value: Annotated[int, typer.Option(min=1)] = 50, most: Annotated[int, typer.Option(max=9)] = 1
    ) -> None:
        typer.echo(repr((value, most)))

    @app.command(cls=command)
    def place(value: Path) -> None:
        typer.echo(repr(value))

    @app.command(cls=command)
    def words(values: list[str]) -> None:
        typer.echo(repr(values))

    @app.command(cls=command)
    def several(values: list[Path], names: Annotated[list[str] | None, typer.Option()] = None) -> None:
        typer.echo(repr((values, names)))

    return app


def both(*words: str) -> tuple[tuple[int, str], tuple[int, str]]:
    typers = CliRunner().invoke(program(None, None), words)
    ours = CliRunner().invoke(program(PlainGroup, PlainCommand), words)
    return (typers.exit_code, typers.output), (ours.exit_code, ours.output)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "words",
    [
        ("text",),
        ("number", "--value"),
        ("number", "--most"),
        ("place",),
        ("words",),
        ("several",),
        ("several", "here", "--names"),
    ],
    ids=" ".join,
)
def test_values_and_errors_are_those_of_typer(words: tuple[str, ...], value: str) -> None:
    typers, ours = (
        both(*words, "--", value) if words[-1] in ("text", "place", "words", "several") else both(*words, value)
    )
    assert ours == typers


def test_defaults_are_those_of_typer() -> None:
    for words in (("number",), ("text",), ("text", "x"), ("--folder", "/tmp", "place", "x"), ("--help",), ()):
        typers, ours = both(*words)
        assert ours == typers
    assert "pydantic" in sys.modules  # typer converted the values of the comparison
