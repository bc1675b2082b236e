"""What Prometheus scrapes: `twodrive metrics`. Reads PostgreSQL and Redis, and changes nothing there."""
