"""Everything for a laptop: the simulator of Vinacles, embedded PostgreSQL and Redis, the demo."""
