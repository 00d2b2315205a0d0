"""What the program does, without a screen: send prompts, receive replies, save, import, export."""
