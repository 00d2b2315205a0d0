"""Plain values and pure functions: conversations, turns, usage, prices, text. Standard library only."""
