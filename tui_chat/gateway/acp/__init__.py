"""The Agent Client Protocol on stdin and stdout, for editors."""
