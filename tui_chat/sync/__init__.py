"""Replication of finished turns through PostgreSQL. Nothing of it runs on the app's event loop."""
