"""The database: tables, migrations, and one module of named operations per aggregate.

Operations take an open ``Connection``; who opens the transaction decides what is one unit.
"""
