"""Screens: each steers its own widgets. x.py beside x.tcss."""
