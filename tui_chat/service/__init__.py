"""What the program does, without a screen: conversations are asked, answered, saved."""
