"""Governance for models in Git and DVC."""
