"""Meaning: how a system's settings are found in a tree, with inheritance and defaults, as blocks.

A reader is a module ``poollint.readers.NAME`` (``reader`` in the catalogue's ``[system]``) with one function::

    def read(source: Source, context: ReadContext) -> Reading

It never raises on any text, judges nothing, and follows includes through ``context.files`` alone.
"""
