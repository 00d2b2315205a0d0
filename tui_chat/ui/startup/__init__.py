"""The screen until the services are loaded, and what is loaded in the background after it."""
