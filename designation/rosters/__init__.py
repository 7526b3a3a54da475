"""Rosters: whole files of requests, as offices really send them.

The modules, each importing only those above it:

    files                       what a workbook is, and why a file was refused
    added                       the columns that we add to the rows not filed
    headers, columns            which column means what
    delimited, spreadsheets, reading      bytes to rows of text
    names, words, fields        rows of text to values
    record, plan                what filing would do, row by row
    rejected                    the rows that were not filed, to be corrected and sent again
    uploads                     one upload on its way: map, preview, file
"""
