"""Answers for people who were not there: what can be shown, and proven, from the log."""
