"""tailtune."""
