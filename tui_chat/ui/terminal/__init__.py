"""Everything that touches the terminal or Textual's private names: input, painting, clipboard, editor."""
