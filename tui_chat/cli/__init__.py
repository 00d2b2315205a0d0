"""The command line: words in, words out. The only rooms that write to a terminal are this one and ui."""
