"""Text as a page may hold it."""

import unicodedata


def printable(text: str) -> str:
    r"""Text with a replacement character where it has what no page may hold: control characters, half surrogates.

    Line feeds and tabulators stay; carriage returns become line feeds.

    >>> printable("a\r\nb\x00")
    'a\nb\ufffd'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if lines.isprintable():
        return lines
    return "".join("\ufffd" if _unfit(character) else character for character in lines)


def encoded(text: str) -> bytes:
    """In UTF-8; names may hold half surrogates, which have none."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return printable(text).encode()


def _unfit(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
