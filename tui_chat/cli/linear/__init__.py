"""Linear mode: the chat as plain lines, for screen readers, dumb terminals and Emacs shells."""
