"""The worked example: a DVC pipeline that trains and measures a credit default model.

Each stage of `dvc.yaml` is one module, run from the repository's root as
`python -m pipelines.<stage>`: `ingest`, `prepare`, `train`, `evaluate`, `fairness`.
"""
