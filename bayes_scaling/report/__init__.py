"""How results are written: documents as HTML and Markdown, tables for the terminal, summaries, directories."""
