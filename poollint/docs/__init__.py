"""The documentation that pages and catalogues make: for the terminal, as Markdown, as a static site."""
