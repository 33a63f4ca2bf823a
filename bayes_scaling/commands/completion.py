"""What the shell offers when a word is completed: names in the catalogue and packaged tables."""

from bayes_scaling.specifications.catalogue import list_specifications


def specification_names(incomplete: str) -> list[str]:
    """Names in the catalogue that begin so.

    Examples
    --------
    >>> specification_names("ho2024/0")[:2]
    ['ho2024/01', 'ho2024/02']
    """
    return [name for name in list_specifications() if name.startswith(incomplete)]


def table_names(incomplete: str) -> list[str]:
    """Packaged tables whose name begins so.

    Examples
    --------
    >>> table_names("c")
    ['collected']
    """
    from bayes_scaling.evaluations import PACKAGED  # pandas takes a second to import

    return [name for name in PACKAGED if name.startswith(incomplete)]
