"""The report of an assessment: twelve parts of plain blocks, printed as HTML, Word or PDF."""
