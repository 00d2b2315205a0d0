"""One adapter per wire to models. Each turns its wire into core events; none knows who listens."""
