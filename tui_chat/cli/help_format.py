"""How `--help` reads: usage, what is taken, options, examples, within eighty cells. Knows no command by name."""

from typing import Any

from typer.core import TyperArgument, TyperCommand

from tui_chat.cli.typer_speedup import FastParsingGroup


class _HelpFormat:
    """What commands and groups of them have in common."""

    def collect_usage_pieces(self: Any, ctx: Any) -> list[str]:
        """Options, then each argument by its name: in brackets where it may be left out."""
        taken = [_in_usage(one) for one in self.params if isinstance(one, TyperArgument)]
        below = [self.subcommand_metavar] if hasattr(self, "commands") else []
        return [self.options_metavar, *taken, *below]

    def format_options(self: Any, ctx: Any, formatter: Any) -> None:
        """Arguments without their types, options, and the commands below."""
        all_of_them = self.get_params(ctx)
        taken = [(_name(one), one.help) for one in all_of_them if isinstance(one, TyperArgument)]
        options = [one.get_help_record(ctx) for one in all_of_them if not isinstance(one, TyperArgument)]
        for heading, rows in (("Arguments", taken), ("Options", [row for row in options if row is not None])):
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
        if hasattr(self, "commands"):
            self.format_commands(ctx, formatter)

    def format_epilog(self: Any, ctx: Any, formatter: Any) -> None:
        """Examples, each on a line of its own."""
        from tui_chat.cli.examples import EXAMPLES

        if lines := EXAMPLES.get(ctx.command_path.partition(" ")[2], ()):
            with formatter.section("Examples"):
                for line in lines:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class HelpCommand(_HelpFormat, TyperCommand):
    """A command that shows examples."""


class HelpGroup(_HelpFormat, FastParsingGroup):
    """A group that shows examples, and its commands under the headings they were given."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Name and first sentence of each."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        widest = max(len(name) for name, _ in found)
        headings = dict.fromkeys(command.rich_help_panel for _, command in found)
        for heading in headings:
            with formatter.section(heading or "Commands"):
                of_it = [(name, command) for name, command in found if command.rich_help_panel == heading]
                formatter.write_dl(
                    [(name.ljust(widest), command.get_short_help_str(formatter.width)) for name, command in of_it]
                )


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _in_usage(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"
