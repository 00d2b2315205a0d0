"""The empty columns at either side of what is said. Knows nothing else."""


def margin_of(cells: int) -> int:
    """How many of them a window of so many cells has room for."""
    return 0 if cells < 16 else 2 if cells < 72 else 3 if cells < 110 else 4
