"""When a failed request is made again, and when not."""

import pytest

from tui_chat.core.error import (
    ChatError,
    KeyRejected,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
    Unreachable,
)
from tui_chat.service.retry_policy import RetryPolicy

POLICY = RetryPolicy()


def test_delays_double_up_to_a_limit_and_luck_shortens_them() -> None:
    policy = RetryPolicy(max_attempts=10)
    assert [policy.delay_s(Overloaded(), attempt, 0.0) for attempt in range(1, 7)] == [1, 2, 4, 8, 8, 8]
    assert policy.delay_s(Overloaded(), 2, 1.0) == 1.5


def test_there_are_three_attempts() -> None:
    assert POLICY.delay_s(Unreachable(), 2, 0.0) is not None
    assert POLICY.delay_s(Unreachable(), 3, 0.0) is None


@pytest.mark.parametrize("error", [KeyRejected(), RequestRefused(), StreamCut(), RateLimited(detail="quota")])
def test_what_waiting_does_not_help_is_not_tried_again(error: ProviderError) -> None:
    assert POLICY.delay_s(error, 1, 0.0) is None


def test_a_wish_for_a_pause_is_honoured_up_to_the_limit() -> None:
    assert POLICY.delay_s(RateLimited(retry_after_s=42), 1, 1.0) == 42
    assert POLICY.delay_s(RateLimited(retry_after_s=420), 1, 1.0) is None


def _all_kinds(kind: type[ChatError]) -> list[type[ChatError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in _all_kinds(below))]


@pytest.mark.parametrize("kind", [kind for kind in _all_kinds(ProviderError) if not kind.retryable])
def test_a_kind_that_is_not_retryable_never_is(kind: type[ProviderError]) -> None:
    assert POLICY.delay_s(kind(retry_after_s=1), 1, 0.0) is None
