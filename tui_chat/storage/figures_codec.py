"""Convert usage, prices and costs to JSON and back. Knows no table. Implausible figures are read as unknown."""

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any, cast

from tui_chat.core.bounds import MOST_SUM_USD, dollars_in_bounds
from tui_chat.core.usage import UNKNOWN_USAGE, Cost, Price, Usage


def dump(value: object) -> str:
    """Return compact JSON on one line, with non-ASCII characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def usage_to_json(usage: Usage) -> dict[str, Any]:
    values = asdict(usage) | {"billed_usd": format_money(usage.billed_usd)}
    del values["terms"]
    return values


def usage_from_json(item: dict[str, Any]) -> Usage:
    values = dict(item)
    billed_usd = parse_money(values.pop("billed_usd", None))
    usage = Usage(**values, billed_usd=billed_usd)
    return usage if usage.is_in_bounds else UNKNOWN_USAGE


def cost_to_json(cost: Cost) -> dict[str, Any]:
    price = None if cost.price is None else dump_price(cost.price)
    return {"usd": str(cost.total_usd), "estimated": cost.estimated, "price": price, "billed": cost.billed}


def cost_from_json(item: dict[str, Any]) -> Cost | None:
    if (total_usd := dollars_in_bounds(item["usd"])) is None:
        return None
    price = None if item["price"] is None else parse_price(item["price"])
    return Cost(total_usd, item["estimated"], price, item["billed"])


def dump_price(price: Price) -> str:
    """Return a price as JSON."""
    return dump({name: value if name == "source" else format_money(value) for name, value in asdict(price).items()})


def parse_price(stored: str) -> Price | None:
    """Return a price from its JSON; `None` if a rate is implausible."""
    try:
        values = {name: _parse_rate(name, value) for name, value in json.loads(stored).items()}
        price = Price(**cast(dict[str, Any], values))
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
    return price if price.is_in_bounds else None


def _parse_rate(name: str, stored: Any) -> Any:
    return stored if stored is None or name == "source" else Decimal(stored)


def format_money(usd: Decimal | None) -> str | None:
    """Return dollars as text, to the last digit."""
    return None if usd is None else str(usd)


def parse_money(stored: str | None) -> Decimal | None:
    """Return dollars from their text; `None` if the amount is implausible."""
    return None if stored is None else dollars_in_bounds(stored)


def parse_sum(stored: str) -> Decimal | None:
    """Return a sum of dollars from its text; `None` if it is implausible."""
    return dollars_in_bounds(stored, MOST_SUM_USD)
