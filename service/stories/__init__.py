"""What is the same article (identity) and what is the same event (grouping). Pure."""
