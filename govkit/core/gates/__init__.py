"""Gates: one module for each kind of requirement, all deciding with one of six verdicts."""
