"""Files of people from outside, CSV or workbooks, whatever they are about.

The modules, each importing only those above it:

    files                       what a workbook is, and why a file was refused
    added                       the columns that we add to the rows not taken
    headers, kinds              which header name means what, and what tells one kind of file from another
    delimited, spreadsheets, reading      bytes to rows of text
    columns                     which column means what
    rejected                    the rows that were not taken, to be corrected and sent again
"""
