"""Posterior reports: one page for readers, as HTML, Markdown or JSON, from a fit, a comparison or a robustness run."""
