"""Systems that people already have, each answered from the log alone."""
