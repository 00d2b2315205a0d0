"""The program without a screen: send prompts, receive replies, save, import, export."""
