"""How long whoever sends a message or waits for an answer waits for Redis: worker and command line alike."""

#: Publishing gives up quickly: try twice, then tell the caller.
ONCE_AGAIN = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}
#: A peer that vanished without a word is noticed within seconds instead of never.
SOCKET_SECONDS = 5
CONNECT_SECONDS = 3
