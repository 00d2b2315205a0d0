"""A conversation of ten thousand turns: opening it, going up a page, and the memory it takes."""

from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.subjects.subject import Subject


def open_long(subject: Subject, scale: Scale) -> Figures:
    """Only the product keeps conversations."""
    return {}
