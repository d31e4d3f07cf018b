"""The command line: parse, call one workflow function, print. Nothing else."""
