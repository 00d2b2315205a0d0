"""How many hostile inputs a property test tries: 200 in the suite, `TUI_CHAT_EXAMPLES` of them in a long run."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("TUI_CHAT_EXAMPLES", "200"))

attack = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
"""Decorates a property test of hostile input; the suite's run is the same every time, the long run is not."""
