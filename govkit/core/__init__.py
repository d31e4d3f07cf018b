"""The rules of govkit: pure functions and values.

Nothing here reads a file, calls Git, asks for the time or looks at the environment.
Whatever a rule needs comes in as a value, and every decision goes out as one, so that two people with the
same records always reach the same verdict.
"""
