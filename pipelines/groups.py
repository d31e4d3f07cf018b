"""Groups of the protected attributes, by names that a reader understands."""

import pandas as pd

SEX = {1: "male", 2: "female"}
MARRIAGE = {1: "married", 2: "single", 3: "others"}
EDUCATION = {1: "graduate school", 2: "university", 3: "high school", 4: "others"}
AGE_EDGES = [0, 25, 60, float("inf")]
AGE_NAMES = ["under 25", "25-59", "60 and over"]
UNKNOWN = "unknown"


def groups_of(clients: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    """Put each client in one group of each protected attribute.

    Args:
        clients: rows with the columns SEX, AGE (years), MARRIAGE and EDUCATION, coded as in
            the data's README.

    Returns:
        For each attribute the group of each row. A code without a meaning is "unknown".
    """
    coded = {"SEX": SEX, "MARRIAGE": MARRIAGE, "EDUCATION": EDUCATION}
    # Left-closed intervals: who is 25 is not under 25.
    age = pd.cut(clients["AGE"], AGE_EDGES, right=False, labels=AGE_NAMES)
    return {"AGE": age.astype(object).fillna(UNKNOWN)} | {
        name: clients[name].map(meaning).fillna(UNKNOWN) for name, meaning in coded.items()
    }
