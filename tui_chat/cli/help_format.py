"""The layout of `--help`: usage, arguments, options, examples, within eighty columns. Knows no command by name."""

from typing import Any, NamedTuple

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from tui_chat.cli.parameters import read_plain_values


class _HelpFormat:
    """What commands and groups have in common."""

    def get_params(self: Any, ctx: Any) -> list[Any]:
        """Return the parameters, `--help` included."""
        return [read_plain_values(parameter) for parameter in super().get_params(ctx)]  # type: ignore[misc]

    def collect_usage_pieces(self: Any, ctx: Any) -> list[str]:
        """Return `[OPTIONS]`, then each argument by its name: in brackets if it is optional."""
        arguments = [_usage(parameter) for parameter in self.params if isinstance(parameter, TyperArgument)]
        below = [self.subcommand_metavar] if hasattr(self, "commands") else []
        return [self.options_metavar, *arguments, *below]

    def format_options(self: Any, ctx: Any, formatter: Any) -> None:
        """Write arguments without their types, options, and sub-commands."""
        parameters = self.get_params(ctx)
        arguments = [(_name(one), one.help) for one in parameters if isinstance(one, TyperArgument)]
        options = [one.get_help_record(ctx) for one in parameters if not isinstance(one, TyperArgument)]
        for heading, rows in (("Arguments", arguments), ("Options", [row for row in options if row is not None])):
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
        if hasattr(self, "commands"):
            self.format_commands(ctx, formatter)

    def format_epilog(self: Any, ctx: Any, formatter: Any) -> None:
        """Write the examples, one per line."""
        from tui_chat.cli.examples import EXAMPLES

        if lines := EXAMPLES.get(ctx.command_path.partition(" ")[2], ()):
            with formatter.section("Examples"):
                for line in lines:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class HelpCommand(_HelpFormat, TyperCommand):
    """A command that shows examples."""


class CommandRow(NamedTuple):
    """A command in the help of its group."""

    heading: str
    name: str
    summary: str


class HelpGroup(_HelpFormat, TyperGroup):
    """A group that shows examples, and its commands under their headings."""

    def command_rows(self, ctx: Any, width: int) -> list[CommandRow]:
        """Return the rows of `--help`: each command's heading, name and first sentence."""
        commands: Any = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
        return [
            CommandRow(command.rich_help_panel or "Commands", command.name, command.get_short_help_str(width))
            for command in commands
        ]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command's name and first sentence."""
        rows = self.command_rows(ctx, formatter.width)
        widest = max(len(row.name) for row in rows)
        for heading in dict.fromkeys(row.heading for row in rows):
            with formatter.section(heading):
                formatter.write_dl([(row.name.ljust(widest), row.summary) for row in rows if row.heading == heading])


def command_group(name: str, text: str | None = None) -> typer.Typer:
    """Return an empty group of commands; without a text, its callback does what the bare name does."""
    return typer.Typer(
        name=name,
        cls=HelpGroup,
        help=text,
        invoke_without_command=text is None,
        add_completion=False,
        rich_markup_mode=None,
    )


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _usage(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"
