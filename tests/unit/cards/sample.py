"""Cards and drafts to render: a small one, and parts to change in it."""
