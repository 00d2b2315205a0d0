"""One package per wire. Each sends requests to models and turns the responses into events of the core."""
