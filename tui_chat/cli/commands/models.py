"""`models`: the models of all configured providers."""

import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_data_dir

if TYPE_CHECKING:
    from datetime import datetime

    from tui_chat.core.provider import Model
    from tui_chat.core.usage import Price
    from tui_chat.service.model_catalog import Catalog

MatchArgument = Annotated[str, typer.Argument(metavar="WORDS", help="Only models whose name has these words.")]
RefreshFlag = Annotated[bool, typer.Option("--refresh", help="Ask the providers instead of using the cached list.")]


@dataclass(frozen=True, slots=True)
class _Row:
    """A model with its price and size."""

    model: "Model"
    price: "Price | None"
    context_window: int | None
    listed_at: "datetime | None"

    @property
    def abilities(self) -> str:
        """What the model can do, as far as its provider reports; `-` before what it cannot."""
        model = self.model
        known = (("think", model.can_think), ("see", model.can_see), ("tools", model.can_use_tools))
        return " ".join(word if can else f"-{word}" for word, can in known if can is not None)

    @property
    def context_source(self) -> str | None:
        """Where the context window is from."""
        if self.context_window is None:
            return None
        return "provider" if self.model.context_window else "price list"


@with_data_dir
def run(words: MatchArgument = "", refresh: RefreshFlag = False, as_json: JsonFlag = False, *, ctx: Context) -> None:
    """List available models, with context window and price.

    Asks every configured provider, and local servers.
    """
    import asyncio

    from tui_chat.cli.exit_codes import DONE, PROVIDER
    from tui_chat.cli.output import print_error, print_json, print_notice, print_text

    catalog, rows = asyncio.run(_load(ctx, words, refresh=refresh))
    if as_json:
        print_json(_as_dicts(rows))
    else:
        print_text(_as_table(rows))
    for name, error in catalog.unreachable:
        print_notice(f"{name}:")
        print_error(error)
    raise typer.Exit(PROVIDER if catalog.unreachable and not catalog.models else DONE)


async def _load(ctx: Context, words: str, *, refresh: bool) -> "tuple[Catalog, list[_Row]]":
    import asyncio
    from datetime import UTC, datetime

    from tui_chat.core.provider import split_ref
    from tui_chat.service.model_catalog import matching
    from tui_chat.wiring import assemble

    async with aclosing(await assemble(ctx.settings)) as program:
        models = program.model_catalog
        catalog = await (models.refreshed() if refresh else models.current())
        await asyncio.to_thread(program.pricing.prepare)
        now = datetime.now(UTC)
        rows = []
        for model in matching(catalog.models, words) if words else catalog.models:
            known = program.pricing.known(model.ref, now)
            listed_at = catalog.listed_at.get(split_ref(model.ref)[0])
            rows.append(_Row(model, known.price, model.context_window or known.context_window, listed_at))
        return catalog, rows


def _as_dicts(rows: Sequence[_Row]) -> list[dict[str, object]]:
    return [
        {
            "id": row.model.ref,
            "name": row.model.name,
            "context_window": row.context_window,
            "context_source": row.context_source,
            "max_output_tokens": row.model.max_output_tokens,
            "can_think": row.model.can_think,
            "can_see": row.model.can_see,
            "can_use_tools": row.model.can_use_tools,
            "listed_at": None if row.listed_at is None else row.listed_at.isoformat(),
            "input_usd": None if row.price is None else format(row.price.input_usd, "f"),
            "output_usd": None if row.price is None else format(row.price.output_usd, "f"),
            "price_source": None if row.price is None else row.price.source,
        }
        for row in rows
    ]


def _as_table(rows: Sequence[_Row]) -> str:
    from tui_chat.core.clean import clean_line
    from tui_chat.core.format_numbers import dollars, short_tokens

    if not rows:
        return ""
    refs = [clean_line(row.model.ref) for row in rows]
    width = max(map(len, refs))
    head = f"{'MODEL':<{width}}  {'CONTEXT':>8}  {'OUTPUT':>7}  {'$/M IN':>9}  {'$/M OUT':>9}  CAN"
    lines = []
    for ref, row in zip(refs, rows, strict=True):
        window, output = (
            "?" if size is None else short_tokens(size) for size in (row.context_window, row.model.max_output_tokens)
        )
        price_in, price_out = (None, None) if row.price is None else (row.price.input_usd, row.price.output_usd)
        figures = f"{window:>8}  {output:>7}  {dollars(price_in):>9}  {dollars(price_out):>9}"
        lines.append(f"{ref:<{width}}  {figures}  {row.abilities}".rstrip())
    return "\n".join([head, *lines, "", *_sources(rows)] if sys.stdout.isatty() else lines)


def _sources(rows: "Sequence[_Row]") -> list[str]:
    """Return where the facts are from, and how old they are."""
    from datetime import UTC, datetime

    from tui_chat.core.format_numbers import duration

    ages = [(datetime.now(UTC) - row.listed_at).total_seconds() for row in rows if row.listed_at is not None]
    prices = sorted({row.price.source for row in rows if row.price is not None})
    listed = [f"models: as the providers listed them {duration(max(ages))} ago"] if ages else []
    return [*listed, *(f"prices: {source}" for source in prices)]
