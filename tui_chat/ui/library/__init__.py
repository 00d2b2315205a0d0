"""What the library shows: which rows there are, and how one looks."""
