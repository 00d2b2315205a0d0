"""Copy what is still readable in a damaged database into a new one.

Rows are read with SQLite as far as it gets, from both ends of each table. SQLite reads nothing without a valid header
and schema, and stops at the first broken page of a table's tree. Our own page reader finds the other rows in the
pages of the file. SQLite's `.recover` does much the same, but only in its command-line program, which may not be
installed.
"""
