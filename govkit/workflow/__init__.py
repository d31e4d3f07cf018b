"""One module for each thing that a person does; what the commands call, and what Python callers use too."""
