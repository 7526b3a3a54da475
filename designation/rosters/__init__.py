"""Rosters: whole files of requests, as offices really send them. `designation.sheets` reads them.

The modules, each importing only those above it:

    headers, columns            which column means what
    names, words, fields        rows of text to values
    record, plan                what filing would do, row by row
    uploads                     one upload on its way: map, preview, file
"""
