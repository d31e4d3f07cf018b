"""What commands print: one module for each output format."""
