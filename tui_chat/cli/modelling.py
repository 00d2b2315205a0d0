"""`models`: what the providers that are set up offer."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE, PROVIDER, print_error
from tui_chat.cli.store_access import print_json, print_out
from tui_chat.core.clean import clean_line
from tui_chat.core.format_numbers import dollars, short_tokens
from tui_chat.core.provider import Model
from tui_chat.core.usage import Price
from tui_chat.service.model_catalog import Catalog, matching
from tui_chat.wiring import assemble


@dataclass(frozen=True, slots=True)
class Offer:
    """A model with what is known of its price and size."""

    model: Model
    price: Price | None
    context_window: int | None


def models(ctx: Context, words: str, *, refresh: bool, as_json: bool) -> int:
    """Print them; remembered ones are enough unless `refresh` says otherwise."""
    catalogue, offers = asyncio.run(_offers(ctx, words, refresh=refresh))
    if as_json:
        print_json(_as_json(offers))
    else:
        print_out(_as_rows(offers))
    for name, error in catalogue.unreachable:
        print(f"tui-chat: {name}:", file=sys.stderr)  # noqa: T201
        print_error(error)
    return PROVIDER if catalogue.unreachable and not catalogue.models else DONE


async def _offers(ctx: Context, words: str, *, refresh: bool) -> tuple[Catalog, list[Offer]]:
    program = await assemble(ctx.settings)
    try:
        catalogue = await program.model_catalog.last_seen()
        if refresh or not catalogue.models:
            catalogue = await program.model_catalog.refreshed()
        await asyncio.to_thread(program.pricing.prepare)
        now = datetime.now(UTC)
        offers = []
        for model in matching(catalogue.models, words) if words else catalogue.models:
            known = program.pricing.known(model.ref, now)
            offers.append(Offer(model, known.price, model.context_window or known.context_window))
        return catalogue, offers
    finally:
        await program.aclose()


def _as_json(offers: Sequence[Offer]) -> str:
    values = [
        {
            "id": offer.model.ref,
            "name": offer.model.name,
            "context_window": offer.context_window,
            "input_usd": None if offer.price is None else format(offer.price.input_usd, "f"),
            "output_usd": None if offer.price is None else format(offer.price.output_usd, "f"),
        }
        for offer in offers
    ]
    return json.dumps(values, ensure_ascii=False, indent=2)


def _as_rows(offers: Sequence[Offer]) -> str:
    if not offers:
        return ""
    refs = [clean_line(offer.model.ref) for offer in offers]
    width = max(map(len, refs))
    head = f"{'MODEL':<{width}}  {'CONTEXT':>8}  {'$/M IN':>9}  {'$/M OUT':>9}"
    rows = []
    for ref, offer in zip(refs, offers, strict=True):
        window = "?" if offer.context_window is None else short_tokens(offer.context_window)
        price_in, price_out = (None, None) if offer.price is None else (offer.price.input_usd, offer.price.output_usd)
        rows.append(f"{ref:<{width}}  {window:>8}  {dollars(price_in):>9}  {dollars(price_out):>9}")
    return "\n".join([head, *rows] if sys.stdout.isatty() else rows)
