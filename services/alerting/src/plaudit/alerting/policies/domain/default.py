"""What is in force until a tenant activates a policy of its own: the documents that the product ships.

A shipped revision is never changed, for clocks are pinned to it. A new default is a new file with the next number.
"""

from functools import lru_cache
from importlib import resources
from typing import Final

from plaudit.alerting.policies.domain.compile import revision_of
from plaudit.alerting.policies.domain.document import Format, read
from plaudit.alerting.policies.domain.revisions import PolicyRef, PolicyRevision

CACHED_DOCUMENTS: Final = 100
"""More than the product ships."""
SHIPPED_ID: Final = "shipped"
NEWEST: Final = 1
"""The number of the revision that is in force where nobody has activated another one."""
RENAMED: Final = {
    ("answer-negative-reviews", 1): PolicyRef(SHIPPED_ID, 1, "one-or-two-stars"),
    ("answer-drastic-reviews", 1): PolicyRef(SHIPPED_ID, 1, "drastic"),
}
"""(policy, revision) that clocks were pinned to before policies had classes → the class with the same times."""
_PACKAGE: Final = "plaudit.alerting.policies.domain"


@lru_cache(maxsize=CACHED_DOCUMENTS)
def shipped_text(number: int = NEWEST) -> str:
    """Return a shipped document, as YAML.

    Raises:
        FileNotFoundError: there is none of this number.
    """
    return resources.files(_PACKAGE).joinpath("shipped", f"{number}.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=CACHED_DOCUMENTS)
def shipped(number: int = NEWEST) -> PolicyRevision:
    """Return a shipped revision.

    Raises:
        FileNotFoundError: there is none of this number.
    """
    policy, _ = read(shipped_text(number), Format.YAML)
    return revision_of(policy, SHIPPED_ID, number)


def of_product() -> dict[tuple[str, int], PolicyRevision]:
    """Return all revisions that the product ships, by policy and number."""
    return {(SHIPPED_ID, number): shipped(number) for number in range(1, NEWEST + 1)}
