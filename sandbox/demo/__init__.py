"""The main job, played from search to PostgreSQL with real parts; it fails loudly when a scene does."""
