"""A day in the life of a dealer group, played on the real house at high speed, with a report for a manager.

The clock of the day is played: 600 minutes pass in minutes. Programs, messages, rows, waits and failures are
real, and seconds in the report are real seconds.
"""
