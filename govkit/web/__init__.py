"""Pages that are served or published: the review of a request, and the static site of a registry."""
