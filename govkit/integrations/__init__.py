"""Other systems: what govkit makes for them, and what it tells them."""
