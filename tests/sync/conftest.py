"""A PostgreSQL server for the tests of this folder, started once."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.postgres import Postgres, is_available, running_postgres

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if not is_available():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The address of a database without anything in it."""
    return postgres.new_database(f"hub_{next(_numbers)}")
