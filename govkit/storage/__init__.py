"""The only code that touches the outside: Git, SSH signatures, DVC's files and cache, files, the trust pins."""
