"""The lists of training that people filter, choose columns of, keep views of and export."""
