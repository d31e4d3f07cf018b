"""MLflow's model registry, brought in line with the log: one way, as often as one likes, with the log as the truth.

``wanted`` says what MLflow should have, ``plan`` what differs, ``server`` asks and changes MLflow, ``sync`` does all.
"""
