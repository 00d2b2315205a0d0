"""How long a server asks to wait, and what lies below a fault."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from tui_chat.core.masking import Masker
from tui_chat.providers.error_details import causes, request_id_in, retry_after_s


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": " 420 "}, 420.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:07:00 GMT"}, 420.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:05 -0000"}, 5.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e300"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(httpx2.Headers({"date": "Sat, 21 Nov 2026 12:00:00 GMT", **headers})) == wait_s


def test_a_date_from_a_server_without_a_clock_counts_from_now() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    wait_s = retry_after_s({"retry-after": in_a_minute})
    assert wait_s is not None
    assert 50 < wait_s <= 60


def test_a_circle_of_causes_ends() -> None:
    first, second = OSError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    assert list(causes(first)) == [first, second]


def test_a_request_id_of_sixty_thousand_characters_is_cut() -> None:
    found = request_id_in({"x-request-id": "req_" + "x\t" * 30_000}, ["x-request-id"], Masker(()))
    assert found is not None and found.startswith("req_xx") and len(found) <= 200 and found.isprintable()
