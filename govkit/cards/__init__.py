"""Cards for people: Markdown for a pull request, and one HTML page."""
