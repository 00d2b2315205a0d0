"""Copy what is still readable in a damaged database into a new one. Rows are read with SQLite as far as it gets, from
both ends of each table. SQLite reads nothing without a valid header and schema, and stops at the first broken page of
a table's tree. The rest is read by our own page reader, which looks for rows in every page of the file. `sqlite3`'s
`.recover` does the same, but is only part of the command-line program, which may not be installed.
"""
