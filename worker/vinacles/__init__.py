"""The station that asks Vinacles. `workorders.Vinacles` is its face; everything leaves as worker.errors."""
