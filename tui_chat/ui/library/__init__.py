"""The rows of the library: which there are, and how they look."""
