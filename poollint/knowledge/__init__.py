"""Loads rules/: what each system accepts (catalogues) and what we advise (pages), only as far as a run needs it."""
