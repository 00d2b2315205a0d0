"""Mixtures of faults: of the server, of the store, of the person at the keys."""
