"""Everything drawn: figures as PNG, PDF and SVG, pictures and cards of a notebook, the movie, charts of a page."""
