"""Plain values and pure functions: what a conversation is. Standard library only."""
