"""One module per command: its options and its body. A body imports inside its functions, so `--help` stays quick."""
