"""The bar of the provider benchmark, held with fewer events."""

import pytest

from tests.benchmarks.providers import MOST_RATIO, WIRES, measure


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
async def test_a_provider_takes_at_most_twice_the_bare_loop(wire: str) -> None:
    measured = await measure(wire, events=10_000, runs=5)
    assert min(measured.provider_s) / min(measured.bare_s) <= MOST_RATIO
