"""A stand-in for one tenant of Vinacles: Data API builder's REST face, an OAuth token endpoint,
invented data, and every kind of bad manners on command."""
