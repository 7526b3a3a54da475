"""Completions on their way in, from whichever source.

The modules, each importing only those above it:

    entries                     what a source says of one completion, and what can be wrong with it
    people                      whom an entry means
    judging                     what recording entries would do
    columns, files              a file's rows to entries
    statements                  xAPI statements to entries

`training.workflow.completions` records them; `uploads` takes one file from upload to record.
"""
