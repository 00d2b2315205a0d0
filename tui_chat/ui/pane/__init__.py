"""What the conversation pane is made of: turns as lines, where one is in them, and how they reach the glass."""
