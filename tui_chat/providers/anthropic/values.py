"""Values out of JSON that may be missing or of another type than promised. Knows nothing of what they mean."""

from typing import Any


def text_of(value: object) -> str:
    """The text, or none."""
    return value if isinstance(value, str) else ""


def list_of(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def mapping_of(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}
