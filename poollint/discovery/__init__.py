"""Which files to check, and what each of them is."""
