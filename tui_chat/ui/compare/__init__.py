"""Two replies to the same prompt, next to each other."""
