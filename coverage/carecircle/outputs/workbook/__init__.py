"""The workbook: one sheet per table, readable in a meeting and checkable in an audit."""
