"""Doorways from the queue: rebuild the message's value, make one call, answer."""
