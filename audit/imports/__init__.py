"""Histories from elsewhere: event logs and spreadsheets, checked row by row and written into the ledger as imported."""
