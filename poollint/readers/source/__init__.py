"""Pools that are configured in source code: constructions and calls that a catalogue's ``[[found]]`` tables name.

``read`` serves every language. A module of this package per language knows its syntax alone: how names are imported, how
constants fold, which calls there are, where they stand. Which calls are pools, and what their arguments mean, is data.
"""
